// The legend in the corner: what the marks, the shading and the ring mean. It shows only what is on the map.
"use strict";

(function (geotagger) {
    const Legend = L.Control.extend({
        options: { position: "bottomright" },

        initialize(words) {
            this._words = words;
        },

        onAdd() {
            this._box = geotagger.element("div", "legend");
            this._box.setAttribute("role", "note");
            this._box.hidden = true;
            L.DomEvent.disableClickPropagation(this._box);
            L.DomEvent.disableScrollPropagation(this._box);
            return this._box;
        },

        // states: names of the states on the map; prediction: as for PredictionLayer.show; withCells: cells are shown.
        show(states, prediction, withCells) {
            this._box.replaceChildren();
            if (prediction) {
                this._box.append(this._shading(prediction, withCells));
            }
            const marks = geotagger.STATES.map(([state]) => state).filter((state) => states.has(state));
            if (marks.length) {
                const list = geotagger.element("ul", "legend-marks");
                for (const state of marks) {
                    const item = geotagger.element("li");
                    item.append(geotagger.mark(state), geotagger.element("span", "", this._words[state]));
                    list.append(item);
                }
                this._box.append(list);
            }
            this._box.hidden = !this._box.childElementCount;
        },

        _shading(prediction, withCells) {
            const part = geotagger.element("div", "legend-shading");
            part.append(geotagger.element("div", "legend-title", this._words.probability));
            const scale = geotagger.element("div", "legend-scale");
            for (const [lowest, opacity] of [...geotagger.SHADES].reverse()) {
                const step = geotagger.element("div", "legend-step");
                const swatch = geotagger.element("div", "legend-swatch");
                const fill = geotagger.element("div");
                fill.style.opacity = opacity;
                swatch.append(fill);
                step.append(swatch, geotagger.element("span", "", String(Math.round(lowest * 100))));
                scale.append(step);
            }
            part.append(scale);
            if (withCells) {
                const line = geotagger.element("div", "legend-ring");
                const swatch = geotagger.element("span", "legend-cell");
                swatch.style.opacity = geotagger.CELL_OPACITY;
                line.append(swatch, geotagger.element("span", "", this._words.cells));
                part.append(line);
            }
            if (prediction.radius_km > 0) {
                const values = {
                    percent: Math.round(prediction.coverage * 100),
                    radius: geotagger.radiusText(prediction.radius_km),
                };
                const ring = geotagger.element("div", "legend-ring");
                ring.append(
                    geotagger.element("span", "legend-dash"),
                    geotagger.element("span", "", geotagger.fill(this._words.ring, values))
                );
                part.append(ring);
            }
            return part;
        },
    });

    geotagger.Legend = Legend;
})(window.geotagger);
