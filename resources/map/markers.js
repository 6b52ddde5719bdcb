// One marker per photo: clustered, movable, selectable. Knows photos only by number.
"use strict";

(function (geotagger) {
    // So many selected markers stand alone on top; a larger selection stays in its clusters, which are outlined.
    const MOST_SELECTED_ALONE = 200;
    const MOST_FANNED = 80;

    const PhotoIcon = L.Icon.extend({
        options: { tooltipAnchor: [0, -10] },

        initialize(photo, words) {
            this.photo = photo;
            this.words = words;
        },

        createIcon() {
            const icon = geotagger.element("div", "leaflet-marker-icon photo");
            this.paint(icon);
            return icon;
        },

        createShadow: () => null,

        // Fills or refills the icon; called again whenever the photo changes.
        paint(icon) {
            const { state, label, thumbnail, selected, id } = this.photo;
            icon.classList.toggle("with-thumbnail", Boolean(thumbnail));
            icon.classList.toggle("selected", selected);
            icon.setAttribute("aria-label", label + ", " + (this.words[state] || state));
            icon.dataset.photo = id;
            if (icon.dataset.state === state && icon.dataset.thumbnail === (thumbnail || "")) {
                return;
            }
            icon.dataset.state = state;
            icon.dataset.thumbnail = thumbnail || "";
            icon.replaceChildren(geotagger.mark(state));
            if (thumbnail) {
                const image = geotagger.element("img");
                image.src = thumbnail;
                image.alt = "";
                image.draggable = false;
                icon.prepend(image);
            }
        },
    });

    // The number of photos inside a ring of their states' colours.
    function clusterIcon(group) {
        const counts = new Map();
        for (const { state } of group.members) {
            const colour = geotagger.stateColour(state);
            counts.set(colour, (counts.get(colour) || 0) + 1);
        }
        const total = group.members.length;
        const selected = group.members.some((photo) => photo.selected);
        const size = total < 10 ? 30 : total < 100 ? 36 : total < 1000 ? 42 : 48;
        let start = 0;
        const parts = [...counts].sort().map(([colour, count]) => {
            const end = start + (count / total) * 100;
            const part = `${colour} ${start.toFixed(1)}% ${end.toFixed(1)}%`;
            start = end;
            return part;
        });
        const ring = `conic-gradient(${parts.join(", ")})`;
        const signature = `${ring} ${total} ${selected}`;
        return {
            signature,
            icon() {
                const face = geotagger.element("div", "cluster-face");
                face.style.background = ring;
                face.append(geotagger.element("span", "cluster-count", String(total)));
                const className = selected ? "cluster selected" : "cluster";
                return L.divIcon({ html: face, className, iconSize: [size, size] });
            },
        };
    }

    class MarkerLayer {
        // events: {moved(id, latlng), selected(ids)}
        constructor(map, words, events) {
            this._map = map;
            this._words = words;
            this._events = events;
            this._photos = new Map();
            this._selection = new Set();
            this._groups = null; // of the current zoom; null when they must be made again
            this._shownPhotos = new Map();
            this._shownClusters = new Map();
            this._fan = null;
            this._legs = L.layerGroup().addTo(map);
            this._layer = L.layerGroup().addTo(map);
            this._drawPending = false;
            this._roving = new geotagger.RovingStop(map);
            map.on("zoomend", () => {
                this._fan = null;
                this._changed();
            });
            map.on("moveend", () => this._draw());
            map.on("click", () => this._closeFan());
            this.onCountsChanged = () => undefined;
        }

        get size() {
            return this._photos.size;
        }

        states() {
            return new Set([...this._photos.values()].map((photo) => photo.state));
        }

        // rows: [id, lat, lon, state, label, draggable, thumbnail URL or null]
        set(rows) {
            this._photos.clear();
            this._fan = null;
            this.update(rows);
            this._selection = new Set([...this._selection].filter((id) => this._photos.has(id)));
        }

        update(rows) {
            for (const [id, lat, lon, state, label, draggable, thumbnail] of rows) {
                const latlng = geotagger.toMap(lat, lon);
                const x = latlng.lng / 360 + 0.5;
                const y = geotagger.mercatorY(lat);
                const selected = this._selection.has(id);
                this._photos.set(id, { id, latlng, x, y, state, label, draggable, thumbnail, selected });
            }
            this._changed();
            this.onCountsChanged();
        }

        remove(ids) {
            for (const id of ids) {
                this._photos.delete(id);
                this._selection.delete(id);
            }
            this._changed();
            this.onCountsChanged();
        }

        select(ids) {
            for (const id of this._selection) {
                const photo = this._photos.get(id);
                if (photo) {
                    photo.selected = false;
                }
            }
            this._selection = new Set(ids);
            for (const id of this._selection) {
                const photo = this._photos.get(id);
                if (photo) {
                    photo.selected = true;
                }
            }
            this._changed();
        }

        // Bounds of these photos, or of all; null when there are none.
        bounds(ids) {
            const photos = ids ? ids.map((id) => this._photos.get(id)) : [...this._photos.values()];
            const places = photos.filter(Boolean).map((photo) => photo.latlng);
            return places.length ? L.latLngBounds(places) : null;
        }

        selectWithin(bounds, keepOthers) {
            const inside = [...this._photos.values()]
                .filter((photo) => bounds.contains(photo.latlng))
                .map((photo) => photo.id);
            this._userSelects(keepOthers ? [...new Set([...this._selection, ...inside])] : inside);
        }

        // Drawing: all changes of one batch are drawn together at its end.

        _changed() {
            this._groups = null;
            if (!this._drawPending) {
                this._drawPending = true;
                queueMicrotask(() => {
                    this._drawPending = false;
                    this._draw();
                });
            }
        }

        _standsAlone(photo) {
            const onTop = photo.selected && this._selection.size <= MOST_SELECTED_ALONE;
            return onTop || photo.id === this._dragged || Boolean(this._fan && this._fan.places.has(photo.id));
        }

        _draw() {
            if (!this._groups) {
                const [alone, clustered] = [[], []];
                for (const photo of this._photos.values()) {
                    (this._standsAlone(photo) ? alone : clustered).push(photo);
                }
                this._alone = alone;
                this._groups = geotagger.grouped(clustered, this._map.getZoom());
            }
            const view = this._map.getBounds().pad(0.25);
            const photos = new Set(this._alone.filter((photo) => view.contains(photo.latlng) || photo.id === this._dragged));
            const clusters = new Map();
            for (const group of this._groups) {
                const latlng = this._unprojected(group);
                if (view.contains(latlng)) {
                    if (group.members.length === 1) {
                        photos.add(group.members[0]);
                    } else {
                        clusters.set(group.key, { group, latlng });
                    }
                }
            }
            const draw = () => {
                this._drawPhotos(photos);
                this._drawClusters(clusters);
            };
            const shown = () => [...this._shownPhotos.values(), ...this._shownClusters.values()];
            this._roving.through(draw, shown, (marker) => marker.getElement().classList.contains("selected"));
            this._drawLegs();
        }

        _unprojected({ x, y }) {
            const lat = (Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) * 180) / Math.PI;
            return L.latLng(lat, (x - 0.5) * 360);
        }

        _drawPhotos(photos) {
            const ids = new Set([...photos].map((photo) => photo.id));
            for (const [id, marker] of this._shownPhotos) {
                if (!ids.has(id)) {
                    this._layer.removeLayer(marker);
                    this._shownPhotos.delete(id);
                }
            }
            for (const photo of photos) {
                let marker = this._shownPhotos.get(photo.id);
                if (!marker) {
                    marker = this._photoMarker(photo);
                    this._shownPhotos.set(photo.id, marker);
                    this._layer.addLayer(marker);
                }
                const { icon } = marker.options;
                icon.photo = photo;
                icon.paint(marker.getElement());
                if (photo.id !== this._dragged) {
                    this._place(marker, (this._fan && this._fan.places.get(photo.id)) || photo.latlng);
                }
                marker.setZIndexOffset(photo.selected ? 10000 : 0);
                marker.dragging[photo.draggable ? "enable" : "disable"]();
            }
        }

        // A marker that is seen to move flies to its new place.
        _place(marker, latlng) {
            if (marker.getLatLng().equals(latlng, 1e-9)) {
                return;
            }
            const icon = marker.getElement();
            if (!geotagger.still && !this._map._animatingZoom) {
                icon.classList.add("flying");
                setTimeout(() => icon.classList.remove("flying"), 400);
            }
            marker.setLatLng(latlng);
        }

        _drawClusters(clusters) {
            for (const [key, marker] of this._shownClusters) {
                if (!clusters.has(key)) {
                    this._layer.removeLayer(marker);
                    this._shownClusters.delete(key);
                }
            }
            for (const [key, { group, latlng }] of clusters) {
                const { signature, icon } = clusterIcon(group);
                let marker = this._shownClusters.get(key);
                if (!marker) {
                    marker = L.marker(latlng, { icon: icon(), keyboard: true });
                    marker.on("click", ({ originalEvent }) => this._clusterClicked(marker.group, originalEvent));
                    this._roving.add(marker, (event) => this._clusterClicked(marker.group, event));
                    this._shownClusters.set(key, marker);
                    this._layer.addLayer(marker);
                } else if (marker.signature !== signature) {
                    marker.setIcon(icon());
                }
                marker.signature = signature;
                marker.group = group;
                marker.setLatLng(latlng);
                const label = geotagger.fill(this._words.cluster, { count: group.members.length });
                marker.getElement().setAttribute("aria-label", label);
            }
        }

        _photoMarker(photo) {
            const { id } = photo;
            const marker = L.marker(photo.latlng, {
                icon: new PhotoIcon(photo, this._words),
                draggable: true,
                autoPan: true,
                keyboard: true,
                riseOnHover: true,
            });
            marker.bindTooltip(() => geotagger.element("span", "", this._photos.get(id).label), {
                className: "tip",
                direction: "top",
                offset: [0, -4],
            });
            marker.on("click", ({ originalEvent }) => this._photoClicked(id, originalEvent));
            this._roving.add(marker, (event) => this._photoClicked(id, event));
            marker.on("dragstart", () => {
                this._dragged = id;
                marker.closeTooltip();
            });
            marker.on("dragend", () => {
                this._dragged = undefined;
                const dropped = this._photos.get(id);
                if (!dropped) {
                    this._changed();
                    return;
                }
                dropped.latlng = marker.getLatLng();
                dropped.x = dropped.latlng.lng / 360 + 0.5;
                dropped.y = geotagger.mercatorY(dropped.latlng.lat);
                if (this._fan) {
                    this._fan.places.delete(id);
                }
                this._changed();
                this._events.moved(id, dropped.latlng);
            });
            return marker;
        }

        // Photos on one spot are fanned out around it.

        _openFan(group) {
            const centre = this._map.latLngToLayerPoint(this._unprojected(group));
            const photos = group.members.slice(0, MOST_FANNED);
            const places = new Map();
            geotagger.spiral(photos.length).forEach((offset, number) => {
                places.set(photos[number].id, this._map.layerPointToLatLng(centre.add(offset)));
            });
            this._fan = { centre: this._unprojected(group), places };
            this._changed();
        }

        _closeFan() {
            if (this._fan) {
                this._fan = null;
                this._changed();
            }
        }

        _drawLegs() {
            this._legs.clearLayers();
            for (const place of this._fan ? this._fan.places.values() : []) {
                const style = { color: geotagger.colour("muted"), weight: 1, opacity: 0.6, interactive: false };
                L.polyline([this._fan.centre, place], style).addTo(this._legs);
            }
        }

        // What the user does

        _photoClicked(id, event) {
            if (event && (event.ctrlKey || event.metaKey || event.shiftKey)) {
                const ids = new Set(this._selection);
                if (!ids.delete(id)) {
                    ids.add(id);
                }
                this._userSelects([...ids]);
            } else {
                this._userSelects([id]);
            }
        }

        _clusterClicked(group, event) {
            if (event && (event.ctrlKey || event.metaKey || event.shiftKey)) {
                const ids = group.members.map((photo) => photo.id);
                this._userSelects([...new Set([...this._selection, ...ids])]);
                return;
            }
            const bounds = L.latLngBounds(group.members.map((photo) => photo.latlng));
            const closest = this._map.getMaxZoom();
            const spread = this._map
                .project(bounds.getNorthEast(), closest)
                .distanceTo(this._map.project(bounds.getSouthWest(), closest));
            if (this._map.getZoom() >= closest || spread < 60) {
                this._openFan(group);
            } else {
                const zoom = Math.max(this._map.getBoundsZoom(bounds, false, [80, 80]), this._map.getZoom() + 1);
                this._map.setView(bounds.getCenter(), Math.min(zoom, closest), { animate: !geotagger.still });
            }
        }

        _userSelects(ids) {
            this.select(ids);
            this._events.selected(ids);
        }
    }

    geotagger.MarkerLayer = MarkerLayer;

    // Shift and drag draws a box that selects, where Leaflet would zoom.
    geotagger.enableBoxSelection = function (map, markers) {
        const BoxSelect = L.Map.BoxZoom.extend({
            _onMouseUp(event) {
                if (event.button !== 0) {
                    return;
                }
                this._finish();
                if (!this._moved) {
                    return;
                }
                this._clearDeferredResetState();
                this._resetStateTimeout = setTimeout(() => this._resetState(), 0);
                const bounds = L.latLngBounds(
                    map.containerPointToLatLng(this._startPoint),
                    map.containerPointToLatLng(this._point)
                );
                markers.selectWithin(bounds, event.ctrlKey || event.metaKey);
            },
        });
        map.boxZoom.disable();
        map.addHandler("boxSelect", BoxSelect);
        map.boxSelect.enable();
    };
})(window.geotagger);
