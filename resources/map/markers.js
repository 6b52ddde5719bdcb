// One marker per photo: clustered, movable, selectable. Knows photos only by number.
"use strict";

(function (geotagger) {
    // So many selected markers stand alone on top; a larger selection stays in its clusters, which are outlined.
    const MOST_SELECTED_ALONE = 200;

    const MarkIcon = L.Icon.extend({
        options: { popupAnchor: [0, -10], tooltipAnchor: [0, -10] },

        initialize(entry, words) {
            this.entry = entry;
            this.words = words;
        },

        createIcon() {
            const icon = geotagger.element("div", "photo");
            this.paint(icon);
            return icon;
        },

        createShadow: () => null,

        // Fills or refills the icon; called again whenever the photo's state changes.
        paint(icon) {
            const { state, label, thumbnail, selected, id } = this.entry;
            icon.replaceChildren();
            icon.classList.toggle("with-thumbnail", Boolean(thumbnail));
            icon.classList.toggle("selected", selected);
            icon.dataset.photo = id;
            icon.dataset.state = state;
            icon.setAttribute("aria-label", label + ", " + (this.words[state] || state));
            if (thumbnail) {
                const image = geotagger.element("img");
                image.src = thumbnail;
                image.alt = "";
                image.draggable = false;
                icon.append(image);
            }
            icon.append(geotagger.mark(state));
        },
    });

    function clusterIcon(cluster) {
        const counts = new Map();
        let selected = false;
        const children = cluster.getAllChildMarkers();
        for (const { entry } of children) {
            const colour = geotagger.stateColour(entry.state);
            counts.set(colour, (counts.get(colour) || 0) + 1);
            selected = selected || entry.selected;
        }
        const element = geotagger.element("div", "cluster-face");
        const size = children.length < 10 ? 30 : children.length < 100 ? 36 : children.length < 1000 ? 42 : 48;
        let start = 0;
        const parts = [...counts].map(([colour, count]) => {
            const end = start + (count / children.length) * 100;
            const part = `${colour} ${start.toFixed(1)}% ${end.toFixed(1)}%`;
            start = end;
            return part;
        });
        element.style.background = `conic-gradient(${parts.join(", ")})`;
        element.append(geotagger.element("span", "cluster-count", String(children.length)));
        const className = selected ? "cluster selected" : "cluster";
        return L.divIcon({ html: element, className, iconSize: [size, size] });
    }

    class MarkerLayer {
        // events: {moved(id, latlng), selected(ids), activated(id)}
        constructor(map, words, events) {
            this._map = map;
            this._words = words;
            this._events = events;
            this._entries = new Map();
            this._selection = new Set();
            this._clusters = L.markerClusterGroup({
                maxClusterRadius: (zoom) => (zoom >= 9 ? 36 : 48),
                showCoverageOnHover: false,
                animate: false,
                removeOutsideVisibleBounds: true,
                spiderLegPolylineOptions: { weight: 1, color: geotagger.colour("muted"), opacity: 0.6 },
                iconCreateFunction: clusterIcon,
                zoomToBoundsOnClick: false,
            }).addTo(map);
            this._alone = L.layerGroup().addTo(map);
            this._clusters.on("clusterclick", (event) => this._clusterClicked(event));
            this.onCountsChanged = () => undefined;
        }

        get size() {
            return this._entries.size;
        }

        states() {
            return new Set([...this._entries.values()].map((entry) => entry.state));
        }

        // rows: [id, lat, lon, state, label, draggable, thumbnail URL or null]
        set(rows) {
            this._clusters.clearLayers();
            this._alone.clearLayers();
            this._entries.clear();
            const known = new Set(rows.map((row) => row[0]));
            this._selection = new Set([...this._selection].filter((id) => known.has(id)));
            this.update(rows);
        }

        update(rows) {
            const arriving = [];
            const leaving = [];
            const restyled = [];
            for (const [id, lat, lon, state, label, draggable, thumbnail] of rows) {
                const latlng = geotagger.toMap(lat, lon);
                const entry = this._entries.get(id);
                if (!entry) {
                    const selected = this._selection.has(id);
                    arriving.push(this._create({ id, state, label, draggable, thumbnail, selected }, latlng));
                    continue;
                }
                Object.assign(entry, { state, label, draggable, thumbnail });
                const { marker } = entry;
                if (!marker.getLatLng().equals(latlng, 1e-9)) {
                    if (this._alone.hasLayer(marker)) {
                        marker.setLatLng(latlng);
                    } else {
                        leaving.push(marker);
                        marker.target = latlng;
                        arriving.push(marker);
                    }
                }
                restyled.push(marker);
            }
            this._move(leaving, arriving);
            this._repaint(restyled);
            this.onCountsChanged();
        }

        remove(ids) {
            const markers = [];
            for (const id of ids) {
                const entry = this._entries.get(id);
                if (entry) {
                    markers.push(entry.marker);
                    this._alone.removeLayer(entry.marker);
                    this._entries.delete(id);
                    this._selection.delete(id);
                }
            }
            this._clusters.removeLayers(markers);
            this.onCountsChanged();
        }

        select(ids) {
            const wanted = new Set(ids);
            const alone = wanted.size <= MOST_SELECTED_ALONE;
            const changed = [];
            const toClusters = [];
            const toAlone = [];
            for (const id of new Set([...this._selection, ...wanted])) {
                const entry = this._entries.get(id);
                if (!entry) {
                    continue;
                }
                entry.selected = wanted.has(id);
                const { marker } = entry;
                const isAlone = this._alone.hasLayer(marker);
                const belongsAlone = entry.selected && alone;
                if (isAlone && !belongsAlone) {
                    this._alone.removeLayer(marker);
                    toClusters.push(marker);
                } else if (!isAlone && belongsAlone) {
                    toAlone.push(marker);
                }
                marker.setZIndexOffset(entry.selected ? 10000 : 0);
                changed.push(marker);
            }
            this._selection = wanted;
            this._clusters.removeLayers(toAlone);
            toAlone.forEach((marker) => this._alone.addLayer(marker));
            this._clusters.addLayers(toClusters);
            this._repaint(changed);
        }

        // Bounds of these photos, or of all; null when there are none.
        bounds(ids) {
            const entries = ids ? ids.map((id) => this._entries.get(id)) : [...this._entries.values()];
            const places = entries.filter(Boolean).map((entry) => entry.marker.getLatLng());
            return places.length ? L.latLngBounds(places) : null;
        }

        selectWithin(bounds, keepOthers) {
            const inside = [...this._entries.values()]
                .filter((entry) => bounds.contains(entry.marker.getLatLng()))
                .map((entry) => entry.id);
            this._userSelects(keepOthers ? [...new Set([...this._selection, ...inside])] : inside);
        }

        repaintAll() {
            this._repaint([...this._entries.values()].map((entry) => entry.marker));
        }

        _create(entry, latlng) {
            const marker = L.marker(latlng, {
                icon: new MarkIcon(entry, this._words),
                draggable: entry.draggable,
                autoPan: true,
                keyboard: true,
                riseOnHover: true,
            });
            marker.entry = entry;
            entry.marker = marker;
            marker.bindTooltip(() => geotagger.element("span", "", entry.label), {
                className: "tip",
                direction: "top",
                offset: [0, -4],
            });
            marker.on("click", (event) => this._markerClicked(entry, event.originalEvent));
            marker.on("keydown", ({ originalEvent }) => {
                if (originalEvent.key === "Enter" || originalEvent.key === " ") {
                    L.DomEvent.stop(originalEvent);
                    this._markerClicked(entry, originalEvent);
                }
            });
            marker.on("dragend", () => this._events.moved(entry.id, marker.getLatLng()));
            this._entries.set(entry.id, entry);
            return marker;
        }

        _move(leaving, arriving) {
            this._clusters.removeLayers(leaving);
            for (const marker of arriving) {
                if (marker.target) {
                    marker.setLatLng(marker.target);
                    delete marker.target;
                }
            }
            const alone = this._selection.size <= MOST_SELECTED_ALONE;
            const [onTop, clustered] = [[], []];
            arriving.forEach((marker) => (marker.entry.selected && alone ? onTop : clustered).push(marker));
            this._clusters.addLayers(clustered);
            onTop.forEach((marker) => this._alone.addLayer(marker));
        }

        _repaint(markers) {
            const clustered = [];
            for (const marker of markers) {
                const icon = marker.getElement();
                if (icon) {
                    marker.options.icon.paint(icon);
                }
                if (marker.dragging) {
                    marker.dragging[marker.entry.draggable ? "enable" : "disable"]();
                }
                marker.options.draggable = marker.entry.draggable;
                if (marker.__parent) {
                    clustered.push(marker);
                }
            }
            if (clustered.length) {
                this._clusters.refreshClusters(clustered);
            }
        }

        _markerClicked(entry, original) {
            if (original && (original.ctrlKey || original.metaKey || original.shiftKey)) {
                const ids = new Set(this._selection);
                if (!ids.delete(entry.id)) {
                    ids.add(entry.id);
                }
                this._userSelects([...ids]);
            } else {
                this._userSelects([entry.id]);
            }
        }

        _clusterClicked({ layer, originalEvent }) {
            if (originalEvent && (originalEvent.ctrlKey || originalEvent.metaKey || originalEvent.shiftKey)) {
                const ids = layer.getAllChildMarkers().map((marker) => marker.entry.id);
                this._userSelects([...new Set([...this._selection, ...ids])]);
                return;
            }
            const bounds = layer.getBounds();
            if (this._map.getZoom() >= this._map.getMaxZoom() || bounds.getNorthEast().equals(bounds.getSouthWest())) {
                layer.spiderfy();
            } else {
                layer.zoomToBounds({ padding: [40, 40] });
            }
        }

        _userSelects(ids) {
            this.select(ids);
            this._events.selected(ids);
        }
    }

    geotagger.MarkerLayer = MarkerLayer;

    // Shift and drag draws a box that selects, where Leaflet would zoom.
    geotagger.enableBoxSelection = function (map, markers) {
        const BoxSelect = L.Map.BoxZoom.extend({
            _onMouseUp(event) {
                if (event.button !== 0) {
                    return;
                }
                this._finish();
                if (!this._moved) {
                    return;
                }
                this._clearDeferredResetState();
                this._resetStateTimeout = setTimeout(() => this._resetState(), 0);
                const bounds = L.latLngBounds(
                    map.containerPointToLatLng(this._startPoint),
                    map.containerPointToLatLng(this._point)
                );
                markers.selectWithin(bounds, event.ctrlKey || event.metaKey);
            },
        });
        map.boxZoom.disable();
        map.addHandler("boxSelect", BoxSelect);
        map.boxSelect.enable();
    };
})(window.geotagger);
