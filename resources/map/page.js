// Puts the layers onto the map that folium made; used by the window and by exported pages alike.
"use strict";

(function (geotagger) {
    const HOME = L.latLngBounds([16, -168], [70, -52]);

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
        map.setMaxBounds([
            [-85, -191],
            [85, 169],
        ]);
        map.attributionControl = L.control.attribution({ prefix: false }).addTo(map);
        map.attributionControl.addAttribution("Natural Earth · GeoNames");
        map.createPane("names").style.zIndex = 440;
        map.getPane("names").style.pointerEvents = "none";
        const land = new geotagger.LandLayer(geotagger.basemap, {}).addTo(map);
        const names = new geotagger.NameLayer(geotagger.regions.regions, geotagger.places, { pane: "names" }).addTo(map);
        const prediction = new geotagger.PredictionLayer(map, geotagger.regions);
        const markers = new geotagger.MarkerLayer(map, words, events);
        const legend = new geotagger.Legend(words).addTo(map);

        const view = {
            map,
            markers,
            prediction,

            showLegend() {
                legend.show(markers.states(), prediction.current);
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
                map.fitBounds(bounds || HOME, {
                    padding: bounds ? [48, 48] : [0, 0],
                    maxZoom: 10,
                    animate: !geotagger.still,
                });
            },

            recolour() {
                for (const layer of [land, names]) {
                    layer.readColours();
                    layer.redraw();
                }
                prediction.show(prediction.current);
                markers.repaintAll();
            },
        };
        markers.onCountsChanged = () => view.showLegend();
        new Buttons(words, () => view.fit(null)).addTo(map);
        map.fitBounds(HOME, { animate: false });
        return view;
    };
})(window.geotagger);
