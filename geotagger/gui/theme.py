"""The palette, in one place: light and dark, each colour at least 4.5 : 1 on its background where it carries text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as ``#rrggbb``."""

    dark: bool
    window: str
    surface: str
    text: str
    muted: str
    border: str
    accent: str
    on_accent: str
    success: str
    warning: str
    error: str
    map_water: str
    map_land: str
    map_border: str
    map_label: str


LIGHT = Palette(
    dark=False,
    window="#F4F5F7",
    surface="#FFFFFF",
    text="#1D2330",
    muted="#5B6472",
    border="#D5D9E0",
    accent="#2F6FDE",
    on_accent="#FFFFFF",
    success="#1E7B45",
    warning="#8F5B00",
    error="#C02B2B",
    map_water="#DCE6EE",
    map_land="#F7F6F2",
    map_border="#B9BEC6",
    map_label="#5B6472",
)

DARK = Palette(
    dark=True,
    window="#16191F",
    surface="#1E222A",
    text="#E8EBF0",
    muted="#9BA4B3",
    border="#343A46",
    accent="#7AA7FF",
    on_accent="#0E1420",
    success="#5CC98B",
    warning="#E2B04A",
    error="#FF8A80",
    map_water="#12161C",
    map_land="#262B34",
    map_border="#454C59",
    map_label="#9BA4B3",
)
