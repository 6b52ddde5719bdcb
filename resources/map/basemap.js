// Draws the offline base map: land, lakes, rivers and borders on canvas tiles, and names above the shading.
"use strict";

(function (geotagger) {
    const TILE_PX = 256;
    const MARGIN_PX = 4;

    // Points in the unit square of the Mercator world, with their bounding box.
    function projected(numbers, topology) {
        const points = new Float64Array(numbers.length);
        const box = [Infinity, Infinity, -Infinity, -Infinity];
        geotagger.decode(numbers, topology, (lon, lat, i) => {
            const x = lon / 360 + 0.5;
            const y = geotagger.mercatorY(lat);
            points[i] = x;
            points[i + 1] = y;
            box[0] = Math.min(box[0], x);
            box[1] = Math.min(box[1], y);
            box[2] = Math.max(box[2], x);
            box[3] = Math.max(box[3], y);
        });
        return { points, box };
    }

    const polygons = (list, topology) =>
        list.map((rings) => {
            const decoded = rings.map((ring) => projected(ring, topology));
            return { rings: decoded, box: decoded[0].box };
        });

    const lines = (list, topology) => list.map((line) => projected(line, topology));

    // Land polygons are cut at the 180th meridian; the cut is no coast.
    const onSeam = (x) => x < 1e-6 || x > 1 - 1e-6;

    // One tile's window on the world, and the paths that cross it.
    class TileWindow {
        constructor(context, coords) {
            this.context = context;
            this.scale = TILE_PX * 2 ** coords.z;
            this.left = coords.x * TILE_PX;
            this.top = coords.y * TILE_PX;
        }

        shows(box) {
            return (
                box[2] * this.scale > this.left - MARGIN_PX &&
                box[0] * this.scale < this.left + TILE_PX + MARGIN_PX &&
                box[3] * this.scale > this.top - MARGIN_PX &&
                box[1] * this.scale < this.top + TILE_PX + MARGIN_PX
            );
        }

        // Points closer than half a pixel to the last drawn one are left out.
        trace(points, skipSeam) {
            const { context, scale, left, top } = this;
            let lastX = 0;
            let lastY = 0;
            const end = points.length - 2;
            for (let i = 0; i <= end; i += 2) {
                const x = points[i] * scale - left;
                const y = points[i + 1] * scale - top;
                if (i === 0 || (skipSeam && onSeam(points[i]) && onSeam(points[i - 2]))) {
                    context.moveTo(x, y);
                } else if (i < end && Math.abs(x - lastX) + Math.abs(y - lastY) < 0.5) {
                    continue;
                } else {
                    context.lineTo(x, y);
                }
                lastX = x;
                lastY = y;
            }
        }

        fill(shapes, colour) {
            this.context.beginPath();
            for (const shape of shapes) {
                if (this.shows(shape.box)) {
                    shape.rings.forEach((ring) => this.trace(ring.points, false));
                }
            }
            this.context.fillStyle = colour;
            this.context.fill("evenodd");
        }

        stroke(tracks, colour, width, skipSeam) {
            this.context.beginPath();
            for (const track of tracks) {
                if (this.shows(track.box)) {
                    this.trace(track.points, skipSeam);
                }
            }
            this.context.strokeStyle = colour;
            this.context.lineWidth = width;
            this.context.stroke();
        }
    }

    const CanvasLayer = L.GridLayer.extend({
        createTile(coords) {
            const tile = document.createElement("canvas");
            const ratio = window.devicePixelRatio || 1;
            tile.width = TILE_PX * ratio;
            tile.height = TILE_PX * ratio;
            const context = tile.getContext("2d");
            context.scale(ratio, ratio);
            context.lineJoin = "round";
            this.draw(context, coords);
            return tile;
        },
    });

    geotagger.LandLayer = CanvasLayer.extend({
        initialize(topology, options) {
            L.setOptions(this, options);
            this._land = polygons(topology.land, topology);
            this._lakes = polygons(topology.lakes, topology);
            this._coasts = [...this._land, ...this._lakes].flatMap((shape) => shape.rings);
            this._rivers = lines(topology.rivers, topology);
            this._countries = lines(topology.countries, topology);
            this._states = lines(topology.states, topology);
            this.readColours();
        },

        readColours() {
            this._water = geotagger.colour("map-water");
            this._ground = geotagger.colour("map-land");
            this._border = geotagger.colour("map-border");
        },

        draw(context, coords) {
            const view = new TileWindow(context, coords);
            context.fillStyle = this._water;
            context.fillRect(0, 0, TILE_PX, TILE_PX);
            view.fill(this._land, this._ground);
            if (coords.z >= 5) {
                view.stroke(this._rivers, this._water, coords.z >= 7 ? 1.6 : 1, false);
            }
            view.fill(this._lakes, this._water);
            context.globalAlpha = 0.75;
            view.stroke(this._states, this._border, 0.7, false);
            context.globalAlpha = 1;
            view.stroke(this._coasts, this._border, 0.7, true);
            view.stroke(this._countries, this._border, coords.z >= 4 ? 1.4 : 1, false);
        },
    });

    const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";

    // Names never overlap: at each zoom they are placed once, the more important first.
    geotagger.NameLayer = CanvasLayer.extend({
        initialize(regions, places, options) {
            L.setOptions(this, options);
            this._regions = regions.map((region) => ({
                code: region.code.slice(3),
                name: region.name,
                x: region.label[0] / 360 + 0.5,
                y: geotagger.mercatorY(region.label[1]),
            }));
            this._places = places.map(([name, lat, lon, zoom]) => ({
                name,
                zoom,
                x: lon / 360 + 0.5,
                y: geotagger.mercatorY(lat),
            }));
            this._placed = new Map();
            this._measure = document.createElement("canvas").getContext("2d");
            this.readColours();
        },

        readColours() {
            this._ink = geotagger.colour("map-label");
            this._halo = geotagger.colour("map-land");
        },

        _candidates(zoom) {
            const found = [];
            if (zoom >= 3) {
                const size = zoom >= 6 ? 13 : zoom >= 5 ? 11.5 : 10.5;
                for (const { code, name, x, y } of this._regions) {
                    const text = zoom >= 5 ? name : code;
                    found.push({ text, x, y, font: `600 ${size}px ${FONT}`, size, dot: false, alpha: 0.85 });
                }
            }
            for (const { name, zoom: first, x, y } of this._places) {
                if (zoom >= first) {
                    found.push({ text: name, x, y, font: `11px ${FONT}`, size: 11, dot: true, alpha: 1 });
                }
            }
            return found;
        },

        _labels(zoom) {
            if (this._placed.has(zoom)) {
                return this._placed.get(zoom);
            }
            const scale = TILE_PX * 2 ** zoom;
            const cells = new Map();
            const kept = [];
            for (const label of this._candidates(zoom)) {
                this._measure.font = label.font;
                const width = this._measure.measureText(label.text).width;
                const x = label.x * scale;
                const y = label.y * scale;
                const left = label.dot ? x - 4 : x - width / 2;
                const box = [left - 3, y - label.size, left + width + (label.dot ? 12 : 3), y + label.size];
                const near = [];
                for (let cx = Math.floor(box[0] / 128); cx <= Math.floor(box[2] / 128); cx += 1) {
                    for (let cy = Math.floor(box[1] / 128); cy <= Math.floor(box[3] / 128); cy += 1) {
                        near.push(cx + ":" + cy);
                    }
                }
                const free = near.every((cell) =>
                    (cells.get(cell) || []).every(
                        (other) =>
                            other[2] < box[0] || other[0] > box[2] || other[3] < box[1] || other[1] > box[3]
                    )
                );
                if (free) {
                    kept.push({ ...label, px: x, py: y, box });
                    near.forEach((cell) => cells.set(cell, [...(cells.get(cell) || []), box]));
                }
            }
            this._placed.set(zoom, kept);
            return kept;
        },

        draw(context, coords) {
            const left = coords.x * TILE_PX;
            const top = coords.y * TILE_PX;
            context.textBaseline = "middle";
            context.strokeStyle = this._halo;
            context.fillStyle = this._ink;
            context.lineWidth = 3;
            for (const label of this._labels(coords.z)) {
                const [west, north, east, south] = label.box;
                if (east < left || west > left + TILE_PX || south < top || north > top + TILE_PX) {
                    continue;
                }
                const x = label.px - left;
                const y = label.py - top;
                context.font = label.font;
                context.textAlign = label.dot ? "left" : "center";
                context.globalAlpha = label.alpha;
                if (label.dot) {
                    context.beginPath();
                    context.arc(x, y, 1.8, 0, 2 * Math.PI);
                    context.fill();
                }
                const textX = label.dot ? x + 5 : x;
                context.globalAlpha = label.alpha * 0.8;
                context.strokeText(label.text, textX, y);
                context.globalAlpha = label.alpha;
                context.fillText(label.text, textX, y);
            }
        },
    });
})(window.geotagger);
