// The keys among the markers: one of them at a time is a stop of the Tab key, and the arrows go from there to the others.
"use strict";

(function (geotagger) {
    // Directions as [x, y] on the screen.
    const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    // A marker straight ahead is nearer than one as far away to the side.
    const SIDEWAYS = 2.5;

    class RovingStop {
        constructor(map) {
            this._map = map;
            this._markers = [];
            this._stop = null;
            map.getContainer().addEventListener("focusin", ({ target }) => {
                this._stop = this._markers.find((marker) => marker.getElement() === target) || this._stop;
                this._mark();
            });
        }

        get hasKeys() {
            return Boolean(this._stop) && this._stop.getElement() === document.activeElement;
        }

        // To be called for each new marker; `act` is what Enter does.
        add(marker, act) {
            marker.on("keydown", ({ originalEvent }) => {
                const { key } = originalEvent;
                if (key === "Enter" || key === " ") {
                    act(originalEvent);
                } else if (ARROWS[key]) {
                    this._go(ARROWS[key]);
                } else if (key === "Escape") {
                    this._map.getContainer().focus();
                } else {
                    return;
                }
                L.DomEvent.stop(originalEvent);
            });
        }

        // Runs what changes the markers. Where the marker that had the keys goes away by it, the one nearest to it gets them.
        through(draw, shownMarkers, isSelected) {
            const hadKeys = this.hasKeys;
            const place = this._stop && this._stop.getLatLng();
            draw();
            this._markers = shownMarkers();
            const isShown = this._markers.includes(this._stop);
            if (!hadKeys) {
                const selected = this._markers.find(isSelected);
                this._stop = selected || (isShown ? this._stop : this._markers[0]) || null;
            } else if (!isShown) {
                this._stop = this._nearest(place);
                (this._stop ? this._stop.getElement() : this._map.getContainer()).focus();
            }
            this._mark();
        }

        _mark() {
            for (const marker of this._markers) {
                marker.getElement().tabIndex = marker === this._stop ? 0 : -1;
            }
        }

        _nearest(place) {
            const distance = (marker) => this._map.distance(marker.getLatLng(), place);
            return this._markers.reduce((best, one) => (!best || distance(one) < distance(best) ? one : best), null);
        }

        // Markers on the very same spot follow one another to the right.
        _point(marker) {
            const point = this._map.latLngToContainerPoint(marker.getLatLng());
            return point.add([this._markers.indexOf(marker) / 1000, 0]);
        }

        _go([right, down]) {
            const from = this._point(this._stop);
            let [next, nearest] = [null, Infinity];
            for (const marker of this._markers) {
                const { x, y } = this._point(marker).subtract(from);
                const ahead = x * right + y * down;
                const distance = ahead + SIDEWAYS * Math.abs(x * down + y * right);
                if (ahead > 0 && distance < nearest) {
                    [next, nearest] = [marker, distance];
                }
            }
            if (next) {
                next.getElement().focus();
            }
        }
    }

    geotagger.RovingStop = RovingStop;
})(window.geotagger);
