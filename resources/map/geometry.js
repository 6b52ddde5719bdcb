// Positions, projections and the colours that all other scripts of the map share.
"use strict";
window.geotagger = {};

(function (geotagger) {
    // The map is cut in Asia, not at the 180th meridian, so that Alaska's islands stay in one piece.
    const CUT_LON = 169;
    const EARTH_RADIUS_KM = 6371.0088;

    geotagger.displayLon = (lon) => (lon > CUT_LON ? lon - 360 : lon);

    geotagger.toMap = (lat, lon) => L.latLng(lat, geotagger.displayLon(lon));

    geotagger.fromMap = (latlng) => ({
        lat: Math.max(-90, Math.min(90, latlng.lat)),
        lon: ((((latlng.lng + 180) % 360) + 360) % 360) - 180,
    });

    // Latitude on the Mercator map, 0 at the top and 1 at the bottom.
    geotagger.mercatorY = function (lat) {
        const bounded = Math.max(-85.0511, Math.min(85.0511, lat));
        return 0.5 - Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360)) / (2 * Math.PI);
    };

    // A topology's "[x, y, dx, dy, ...]" in whole steps, as pairs of degrees.
    geotagger.decode = function (numbers, topology, visit) {
        const [scaleX, scaleY] = topology.scale;
        const [shiftX, shiftY] = topology.translate;
        let x = 0;
        let y = 0;
        for (let i = 0; i < numbers.length; i += 2) {
            x += numbers[i];
            y += numbers[i + 1];
            visit(x * scaleX + shiftX, y * scaleY + shiftY, i);
        }
    };

    // The points at one distance from a centre; longitudes run on across the cut instead of jumping.
    geotagger.geodesicCircle = function (centre, radiusKm) {
        const angle = radiusKm / EARTH_RADIUS_KM;
        const lat = (centre.lat * Math.PI) / 180;
        const points = [];
        let previous = centre.lng;
        for (let step = 0; step <= 128; step += 1) {
            const bearing = (step / 128) * 2 * Math.PI;
            const sinLat = Math.sin(lat) * Math.cos(angle) + Math.cos(lat) * Math.sin(angle) * Math.cos(bearing);
            const east = Math.atan2(
                Math.sin(bearing) * Math.sin(angle) * Math.cos(lat),
                Math.cos(angle) - Math.sin(lat) * sinLat
            );
            let lon = centre.lng + (east * 180) / Math.PI;
            lon -= 360 * Math.round((lon - previous) / 360);
            previous = lon;
            const latDeg = (Math.asin(Math.max(-1, Math.min(1, sinLat))) * 180) / Math.PI;
            points.push([Math.max(-85, Math.min(85, latDeg)), lon]);
        }
        return points;
    };

    geotagger.colour = (name) =>
        getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

    geotagger.setColours = function (colours) {
        for (const [name, value] of Object.entries(colours)) {
            document.documentElement.style.setProperty("--" + name, value);
        }
    };

    geotagger.percent = (probability) =>
        probability > 0 && probability < 0.005 ? "< 1 %" : Math.round(probability * 100) + " %";

    geotagger.decimalMark = ".";

    // Two digits are all that a radius can honestly carry; thousands are set apart as in the list.
    geotagger.radiusText = function (radiusKm) {
        const isNear = radiusKm < 1;
        const value = Math.max(isNear ? radiusKm * 1000 : radiusKm, 1);
        const step = 10 ** (Math.floor(Math.log10(value)) - 1);
        const text = (Math.round(value / step) * step).toFixed(isNear || step >= 1 ? 0 : 1);
        return text.replace(/\B(?=(\d{3})+$)/g, "\u00a0").replace(".", geotagger.decimalMark) + (isNear ? " m" : " km");
    };

    geotagger.fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);

    // All text enters the page here, and only as text.
    geotagger.element = function (tag, className, text) {
        const element = document.createElement(tag);
        if (className) {
            element.className = className;
        }
        if (text !== undefined) {
            element.textContent = text;
        }
        return element;
    };
})(window.geotagger);
