"""From a photo to what the network says of it."""
