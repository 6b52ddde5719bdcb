// Puts the layers onto the map that folium made; used by the window and by exported pages alike.
"use strict";

(function (geotagger) {
    const HOME = L.latLngBounds([16, -168], [70, -52]);
    const HEART = [47, -98];

    const OFFLINE_SOURCES = "Natural Earth · GeoNames";
    const CLOSEST_OFFLINE = 16;

    geotagger.still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

    const Buttons = L.Control.extend({
        options: { position: "topleft" },

        initialize(words, onFit) {
            this._words = words;
            this._onFit = onFit;
        },

        onAdd() {
            const bar = geotagger.element("div", "leaflet-bar");
            const fit = geotagger.element("a", "fit-button", "⤢");
            fit.href = "#";
            fit.title = this._words.fit;
            fit.setAttribute("role", "button");
            fit.setAttribute("aria-label", this._words.fit);
            L.DomEvent.disableClickPropagation(bar);
            L.DomEvent.on(fit, "click", (event) => {
                L.DomEvent.preventDefault(event);
                this._onFit();
            });
            bar.append(fit);
            return bar;
        },
    });

    // Layers shared by both kinds of page; `events` as for MarkerLayer.
    geotagger.dress = function (map, words, events) {
        geotagger.decimalMark = words.decimal_mark;
        map.setMaxBounds([
            [-85, -260],
            [85, 240],
        ]);
        const sources = L.control.attribution({ prefix: false }).addTo(map);
        sources.addAttribution(OFFLINE_SOURCES);
        map.createPane("names").style.zIndex = 440;
        map.getPane("names").style.pointerEvents = "none";
        const land = new geotagger.LandLayer(geotagger.basemap, {}).addTo(map);
        const names = new geotagger.NameLayer(geotagger.regions.regions, geotagger.places, { pane: "names" }).addTo(map);
        const prediction = new geotagger.PredictionLayer(map, geotagger.regions);
        const markers = new geotagger.MarkerLayer(map, words, events);
        const legend = new geotagger.Legend(words).addTo(map);

        // Leaflet ignores a new view while it animates a zoom, so the last one asked for waits for its end.
        let next = null;
        let atHome = true;
        const moveTo = (move) => {
            atHome = false;
            if (map._animatingZoom) {
                next = move;
            } else {
                move();
            }
        };
        map.on("zoomend", () => {
            const move = next;
            next = null;
            if (move) {
                setTimeout(move, 0);
            }
        });

        let tiles = null;

        const view = {
            map,
            markers,
            prediction,

            showLegend() {
                legend.show(markers.states(), prediction.current, prediction.cells.length > 0);
            },

            showPrediction(shown) {
                prediction.show(shown);
                view.showLegend();
            },

            fit(ids) {
                const bounds = markers.bounds(ids);
                if (ids && ids.length && !bounds) {
                    return;
                }
                const ring = prediction.ring();
                if (ids && ring && bounds.intersects(ring.centre.toBounds(100))) {
                    bounds.extend(ring.bounds); // a guess is as large as its ring
                }
                moveTo(() =>
                    map.fitBounds(bounds || HOME, {
                        padding: bounds ? [48, 48] : [0, 0],
                        maxZoom: 10,
                        animate: !geotagger.still,
                    })
                );
            },

            centre(lat, lon, zoom) {
                moveTo(() =>
                    map.setView(geotagger.toMap(lat, lon), zoom === null ? map.getZoom() : zoom, {
                        animate: !geotagger.still,
                    })
                );
            },

            // {url, attribution, max_zoom} of online tiles, or null for the offline map, which lies below them.
            showTiles(source) {
                if (tiles) {
                    tiles.remove();
                    sources.removeAttribution(tiles.credit);
                }
                tiles = null;
                if (source) {
                    tiles = L.tileLayer(source.url, {
                        maxNativeZoom: source.max_zoom,
                        maxZoom: Math.max(source.max_zoom, CLOSEST_OFFLINE),
                        className: "online",
                    });
                    tiles.credit = geotagger.element("span", "", source.attribution).innerHTML;
                    tiles.addTo(map);
                    sources.removeAttribution(OFFLINE_SOURCES);
                    sources.addAttribution(tiles.credit);
                    names.remove();
                } else {
                    sources.addAttribution(OFFLINE_SOURCES);
                    names.addTo(map);
                }
                map.setMaxZoom(source ? tiles.options.maxZoom : CLOSEST_OFFLINE);
            },

            showCells(cells) {
                prediction.showCells(cells);
                view.showLegend();
            },

            recolour() {
                for (const layer of [land, names]) {
                    layer.readColours();
                    layer.redraw();
                }
                prediction.show(prediction.current);
                prediction.showCells(prediction.cells);
            },
        };
        markers.onCountsChanged = () => view.showLegend();
        new Buttons(words, () => view.fit(null)).addTo(map);
        // Until someone moves the map, it shows all of North America, however the window is laid out.
        // Where that would need the zoom of the whole world, as in a narrow window, it shows the heart of it.
        const goHome = () => {
            if (map.getBoundsZoom(HOME) >= 3) {
                map.fitBounds(HOME, { animate: false });
            } else {
                map.setView(HEART, 3, { animate: false });
            }
        };
        map.on("resize", () => atHome && goHome());
        L.DomEvent.on(map.getContainer(), "mousedown wheel keydown touchstart", () => {
            atHome = false;
        });
        goHome();
        return view;
    };
})(window.geotagger);
