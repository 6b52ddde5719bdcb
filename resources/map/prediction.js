// Shows where one photo probably is: regions shaded by probability, the 80 % ring and the best point.
"use strict";

(function (geotagger) {
    // Lower end of each class of probability and how strongly it is shaded.
    geotagger.SHADES = [
        [0.5, 0.72],
        [0.25, 0.54],
        [0.1, 0.38],
        [0.03, 0.22],
        [0.01, 0.11],
    ];

    geotagger.CELL_OPACITY = 0.5;
    const DISC_OPACITY = 0.18;

    const shadeOf = (probability) =>
        (geotagger.SHADES.find(([lowest]) => probability >= lowest) || [0, 0])[1];

    class PredictionLayer {
        constructor(map, topology) {
            this._map = map;
            this._topology = topology;
            this._regions = new Map(topology.regions.map((region) => [region.code, region]));
            this._outlines = new Map();
            map.createPane("shading").style.zIndex = 350;
            map.createPane("ring").style.zIndex = 460;
            this._shadingRenderer = L.canvas({ pane: "shading", padding: 0.5 });
            this._ringRenderer = L.svg({ pane: "ring", padding: 0.5 });
            map.getPane("ring").style.pointerEvents = "none";
            this._shaded = new Map();
            this._marks = L.layerGroup().addTo(map);
            map.createPane("cells").style.zIndex = 360;
            map.getPane("cells").style.pointerEvents = "none";
            this._cellRenderer = L.canvas({ pane: "cells", padding: 0.5 });
            this._cellLayer = L.layerGroup().addTo(map);
            this.cells = [];
            this.current = null;
        }

        name(code) {
            const region = this._regions.get(code);
            return region ? region.name : code;
        }

        // {regions: [[code, probability], ...], set: [code, ...], lat, lon, radius_km, has_cells} or null for none.
        show(prediction) {
            this.current = prediction;
            this._marks.clearLayers();
            const wanted = new Map(
                prediction ? prediction.regions.filter(([, probability]) => shadeOf(probability) > 0) : []
            );
            for (const [code, layer] of this._shaded) {
                if (!wanted.has(code)) {
                    layer.remove();
                    this._shaded.delete(code);
                }
            }
            if (!prediction) {
                return;
            }
            const accent = geotagger.colour("accent");
            const inSet = new Set(prediction.set);
            for (const [code, probability] of wanted) {
                const layer = this._outline(code);
                if (!layer) {
                    continue;
                }
                layer.probability = probability;
                layer.setStyle({
                    fillColor: accent,
                    fillOpacity: shadeOf(probability),
                    color: accent,
                    weight: inSet.has(code) ? 1 : 0,
                    opacity: 0.25 + 0.9 * shadeOf(probability),
                });
                layer.addTo(this._map);
                this._shaded.set(code, layer);
            }
            this._drawRing(prediction, accent);
        }

        // Centre and bounds of the ring; null where there is none.
        ring() {
            if (!this.current || !(this.current.radius_km > 0)) {
                return null;
            }
            const centre = geotagger.toMap(this.current.lat, this.current.lon);
            return { centre, bounds: L.latLngBounds(geotagger.geodesicCircle(centre, this.current.radius_km)) };
        }

        // [[rings of [lat, lon], strength from 0 to 1], ...]: the likeliest cells, over the regions.
        showCells(cells) {
            this.cells = cells;
            this._cellLayer.clearLayers();
            const ink = geotagger.colour("text");
            for (const [rings, strength] of cells) {
                const latlngs = rings.map((ring) => ring.map(([lat, lon]) => [lat, geotagger.displayLon(lon)]));
                L.polygon(
                    latlngs.map((ring) => [ring]),
                    {
                        renderer: this._cellRenderer,
                        interactive: false,
                        stroke: false,
                        fillColor: ink,
                        fillOpacity: geotagger.CELL_OPACITY * strength,
                        smoothFactor: 0.5,
                    }
                ).addTo(this._cellLayer);
            }
        }

        _drawRing(prediction, accent) {
            const centre = geotagger.toMap(prediction.lat, prediction.lon);
            const common = { renderer: this._ringRenderer, interactive: false, color: accent };
            if (prediction.radius_km > 0) {
                const circle = geotagger.geodesicCircle(centre, prediction.radius_km);
                if (!prediction.has_cells) {
                    // Located photos or a track say more than cells could: the place is as likely anywhere in here.
                    const disc = { renderer: this._cellRenderer, interactive: false, stroke: false };
                    disc.fillColor = geotagger.colour("text");
                    disc.fillOpacity = DISC_OPACITY;
                    L.polygon(circle, disc).addTo(this._marks);
                }
                const halo = { ...common, color: geotagger.colour("map-land"), weight: 3.5, opacity: 0.6 };
                L.polyline(circle, halo).addTo(this._marks);
                L.polyline(circle, { ...common, weight: 1.6, dashArray: "5 5" }).addTo(this._marks);
            }
            L.circleMarker(centre, {
                ...common,
                color: geotagger.colour("surface"),
                weight: 1.5,
                radius: 4,
                fillColor: accent,
                fillOpacity: 1,
            }).addTo(this._marks);
        }

        _outline(code) {
            const region = this._regions.get(code);
            if (!region || this._outlines.has(code)) {
                return this._outlines.get(code);
            }
            const latlngs = region.polygons.map((rings) =>
                rings.map((ring) => {
                    const points = [];
                    geotagger.decode(ring, this._topology, (lon, lat) =>
                        points.push([lat, geotagger.displayLon(lon)])
                    );
                    return points;
                })
            );
            const layer = L.polygon(latlngs, { renderer: this._shadingRenderer, smoothFactor: 0.7 });
            layer.bindTooltip(
                () => geotagger.element("span", "", region.name + " · " + geotagger.percent(layer.probability)),
                { sticky: true, className: "tip", direction: "top", offset: [0, -6] }
            );
            this._outlines.set(code, layer);
            return layer;
        }
    }

    geotagger.PredictionLayer = PredictionLayer;
})(window.geotagger);
