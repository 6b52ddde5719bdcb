// The window's map: obeys batches of commands from the program and tells it what the user did.
"use strict";

(function (geotagger) {
    const DOUBLE_CLICK_MS = 250;

    geotagger.start = function (map, { words }) {
        new QWebChannel(qt.webChannelTransport, ({ objects: { bridge } }) => {
            const view = geotagger.dress(map, words, {
                moved(id, latlng) {
                    const { lat, lon } = geotagger.fromMap(latlng);
                    bridge.report_moved(id, lat, lon);
                },
                selected: (ids) => bridge.report_selected(ids),
            });
            geotagger.enableBoxSelection(map, view.markers);
            geotagger.view = view;

            const commands = {
                markers: (rows) => view.markers.set(rows),
                update: (rows) => view.markers.update(rows),
                remove: (ids) => view.markers.remove(ids),
                select: (ids) => view.markers.select(ids),
                prediction: (shown) => view.showPrediction(shown),
                cells: (cells) => view.showCells(cells),
                fit: (ids) => view.fit(ids),
                centre: (lat, lon, zoom) => view.centre(lat, lon, zoom),
                drop(ids, x, y) {
                    const { lat, lon } = geotagger.fromMap(map.containerPointToLatLng([x, y]));
                    bridge.report_dropped(ids, lat, lon);
                },
                tiles: (source) => view.showTiles(source),
                colours(colours) {
                    geotagger.setColours(colours);
                    view.recolour();
                },
            };
            bridge.commands.connect((text) => {
                for (const [name, ...values] of JSON.parse(text)) {
                    commands[name](...values);
                }
            });

            // In the window Enter accepts, also after a click on a marker; on a marker or a button of the map that was reached
            // by keys it does what is written there.
            const container = map.getContainer();
            container.classList.add("live");
            container.addEventListener("focusin", ({ target }) =>
                bridge.report_enter_wanted(target !== container && target.matches(":focus-visible"))
            );
            container.addEventListener("focusout", () => bridge.report_enter_wanted(false));

            // A double click zooms; only a single one names a place.
            let pending = 0;
            const click = (latlng) => {
                const { lat, lon } = geotagger.fromMap(latlng);
                bridge.report_clicked(lat, lon);
            };
            map.on("click", ({ latlng }) => {
                clearTimeout(pending);
                pending = setTimeout(() => click(latlng), DOUBLE_CLICK_MS);
            });
            map.on("dblclick", () => clearTimeout(pending));
            // While the map has the keys, a cross marks its middle, and the space bar is a click there.
            container.addEventListener("keydown", (event) => {
                if (event.key === " " && event.target === container) {
                    event.preventDefault();
                    click(map.getCenter());
                }
            });
            bridge.report_ready();
        });
    };
})(window.geotagger);
