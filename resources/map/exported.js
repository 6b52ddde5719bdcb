// An exported page: shows the photos it was made with; a click on one tells what is known of it.
"use strict";

(function (geotagger) {
    function card(photo, words, regionName) {
        const box = geotagger.element("div", "card");
        if (photo.picture) {
            const picture = geotagger.element("img", "card-picture");
            picture.src = photo.picture;
            picture.alt = "";
            box.append(picture);
        }
        box.append(geotagger.element("div", "card-title", photo.label));
        const lines = [words[photo.state], photo.position];
        if (photo.region) {
            lines.push(regionName + " · " + geotagger.percent(photo.probability));
        }
        if (photo.radius_km) {
            const values = { percent: 80, radius: geotagger.radiusText(photo.radius_km) };
            lines.push(geotagger.fill(words.ring, values));
        }
        if (photo.taken) {
            lines.push(photo.taken);
        }
        lines.forEach((line) => box.append(geotagger.element("div", "", line)));
        return box;
    }

    geotagger.start = function (map, { words, photos }) {
        const byNumber = new Map(photos.map((photo, number) => [number, photo]));
        const view = geotagger.dress(map, words, {
            moved: () => undefined,
            selected(ids) {
                const photo = byNumber.get(ids[ids.length - 1]);
                if (!photo) {
                    return;
                }
                view.prediction.show(
                    photo.radius_km
                        ? {
                              regions: [],
                              set: [],
                              lat: photo.lat,
                              lon: photo.lon,
                              radius_km: photo.radius_km,
                              has_cells: true, // no disc: near by, it would only darken the whole map
                          }
                        : null
                );
                L.popup({ offset: [0, -8], className: "card-popup" })
                    .setLatLng(geotagger.toMap(photo.lat, photo.lon))
                    .setContent(card(photo, words, photo.region && view.prediction.name(photo.region)))
                    .openOn(map);
            },
        });
        geotagger.view = view;
        view.markers.set(
            photos.map((photo, number) => [number, photo.lat, photo.lon, photo.state, photo.label, false, photo.picture])
        );
        view.fit(null);
        map.on("click", () => {
            view.markers.select([]);
            view.prediction.show(null);
        });
        window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view.recolour());
    };
})(window.geotagger);
