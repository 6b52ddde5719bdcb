// Decides which photos share a marker at a zoom. Photos are {x, y} in the unit square of the Mercator world.
"use strict";

(function (geotagger) {
    const TILE_PX = 256;
    const CELL_PX = 56;
    const NEAREST_PX = 40;
    const ROW = 2 ** 26; // more cells than any row has, so that a column and a row make one number

    // Groups of {members, x, y}: photos of one cell of a grid belong together, and cells whose centres nearly touch
    // are joined. The grid lies fixed in the world, so groups do not change while the map is moved.
    geotagger.grouped = function (photos, zoom) {
        const cellsAcross = (TILE_PX * 2 ** zoom) / CELL_PX;
        const cells = new Map();
        for (const photo of photos) {
            const key = Math.floor(photo.y * cellsAcross) * ROW + Math.floor(photo.x * cellsAcross);
            const cell = cells.get(key);
            if (cell) {
                cell.members.push(photo);
                cell.sumX += photo.x;
                cell.sumY += photo.y;
            } else {
                cells.set(key, { key, members: [photo], sumX: photo.x, sumY: photo.y, joined: false });
            }
        }
        const centre = (cell) => [cell.sumX / cell.members.length, cell.sumY / cell.members.length];
        const tooNear = NEAREST_PX / (TILE_PX * 2 ** zoom);
        const groups = [];
        for (const cell of [...cells.values()].sort((a, b) => b.members.length - a.members.length || a.key - b.key)) {
            if (cell.joined) {
                continue;
            }
            cell.joined = true;
            const [x, y] = centre(cell);
            const { members } = cell;
            for (const step of [-ROW - 1, -ROW, -ROW + 1, -1, 1, ROW - 1, ROW, ROW + 1]) {
                const other = cells.get(cell.key + step);
                if (other && !other.joined) {
                    const [otherX, otherY] = centre(other);
                    if (Math.hypot(otherX - x, otherY - y) < tooNear) {
                        other.joined = true;
                        members.push(...other.members);
                    }
                }
            }
            groups.push({ key: `${zoom}:${cell.key}`, members, x, y });
        }
        return groups;
    };

    // Pixel offsets of a spiral that parts photos which lie on one spot.
    geotagger.spiral = function (count) {
        const offsets = [];
        let angle = 0;
        let radius = 26;
        for (let i = 0; i < count; i += 1) {
            offsets.push([Math.cos(angle) * radius, Math.sin(angle) * radius]);
            angle += 26 / radius;
            radius += (26 / radius) * 4;
        }
        return offsets;
    };
})(window.geotagger);
