// The mark of each state: told apart by shape as well as by colour, the same as in the list.
"use strict";

(function (geotagger) {
    const SVG = "http://www.w3.org/2000/svg";

    // In this order in the legend. Colours are names of CSS variables.
    geotagger.STATES = [
        ["unlocated", "muted"],
        ["predicting", "muted"],
        ["predicted", "accent"],
        ["accepted", "accent"],
        ["corrected", "warning"],
        ["located", "success"],
        ["written", "success"],
        ["skipped", "muted"],
        ["failed", "error"],
    ];
    const COLOURS = new Map([...geotagger.STATES, ["reading", "muted"]]);

    geotagger.stateColour = (state) => `var(--${COLOURS.get(state) || "muted"})`;

    function shape(tag, attributes) {
        const element = document.createElementNS(SVG, tag);
        for (const [name, value] of Object.entries(attributes)) {
            element.setAttribute(name, value);
        }
        return element;
    }

    const stroke = (d, colour) =>
        shape("path", {
            d,
            fill: "none",
            stroke: colour,
            "stroke-width": 2.2,
            "stroke-linecap": "round",
            "stroke-linejoin": "round",
        });

    geotagger.mark = function (state) {
        const colour = geotagger.stateColour(state);
        const svg = shape("svg", { viewBox: "0 0 20 20", class: "mark", "aria-hidden": "true" });
        const filled = state === "accepted" || state === "located" || state === "written";
        const dotted = state === "predicted" || state === "predicting" || state === "reading";
        const outline = {
            cx: 10,
            cy: 10,
            r: 7.2,
            fill: filled ? colour : "var(--surface)",
            stroke: colour,
            "stroke-width": 2.4,
        };
        if (dotted) {
            Object.assign(outline, { "stroke-dasharray": "0.1 4.42", "stroke-linecap": "round" });
        }
        svg.append(shape("circle", { cx: 10, cy: 10, r: 9.6, fill: "var(--surface)" }), shape("circle", outline));
        if (state === "predicted") {
            svg.append(shape("circle", { cx: 10, cy: 10, r: 2.6, fill: colour }));
        } else if (state === "corrected") {
            svg.append(shape("circle", { cx: 10, cy: 10, r: 3.8, fill: colour }));
        } else if (state === "written") {
            svg.append(stroke("M6.3 10.3 L8.9 12.9 L13.8 7.4", "var(--surface)"));
        } else if (state === "failed") {
            svg.append(stroke("M10 5.9 V10.8 M10 14 V14.1", colour));
        } else if (state === "skipped") {
            svg.append(stroke("M6.2 13.8 L13.8 6.2", colour));
        }
        return svg;
    };
})(window.geotagger);
