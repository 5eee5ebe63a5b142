//! How many requests of an aggregate are being answered, over all workers of the process.
//!
//! Each worker's module has an entry of its own in a text that they share. One that stops without a word leaves its entry
//! behind: as no request outlives the deadline, an entry that did not change for longer than that counts nothing.

const std = @import("std");
const host = @import("host.zig");

const Entry = extern struct { worker: u64, changed: u64, active: u64 };
/// Modules that are heard at a time: workers, and such as have just been given up.
const most_entries = 512;
/// Of a deadline, since one that is over is noticed a little later.
const slack: u64 = std.time.ns_per_s;

/// Which module this is; 0 where it has not asked yet.
var worker: u64 = 0;

/// Have a place for the count, and a number for this module, before there are requests.
pub fn prepare(name: []const u8) void {
    if (host.shared(name) == null) _ = host.share(name, "", 0);
    if (worker == 0) worker = host.now() ^ @intFromPtr(&worker);
    // Two that begin in the same nanosecond must not be one.
    const key = "gatewright.workers";
    for (0..64) |_| {
        const found = host.shared(key);
        const before: u64 = if (found) |one| (if (one.value.len == 8) std.mem.readInt(u64, one.value[0..8], .little) else 0) else 0;
        var next: [8]u8 = undefined;
        std.mem.writeInt(u64, &next, before +% 1, .little);
        if (!host.share(key, &next, if (found) |one| one.version else 0)) continue;
        worker = before +% 1;
        return;
    }
}

/// Count one more, where fewer than `most` are counted.
pub fn enter(name: []const u8, most: u64, deadline_ms: u64) bool {
    return change(name, most, deadline_ms, true);
}

/// Count one less.
pub fn leave(name: []const u8, deadline_ms: u64) void {
    _ = change(name, std.math.maxInt(u64), deadline_ms, false);
}

fn change(name: []const u8, most: u64, deadline_ms: u64, more: bool) bool {
    // A few workers change it at a time; where they never let go, one too many is better than none at all.
    for (0..1000) |_| {
        const now = host.now();
        const oldest = now -| (deadline_ms *| std.time.ns_per_ms +| slack);
        const found = host.shared(name) orelse host.Shared{ .value = "", .version = 0 };
        var room: [most_entries]Entry = undefined;
        var entries: []Entry = room[0..0];
        var own: Entry = .{ .worker = worker, .changed = now, .active = 0 };
        var sum: u64 = 0;
        var rest = found.value;
        while (rest.len >= @sizeOf(Entry)) : (rest = rest[@sizeOf(Entry)..]) {
            const entry = std.mem.bytesToValue(Entry, rest[0..@sizeOf(Entry)]);
            if (entry.changed < oldest or entry.active == 0) continue;
            sum +|= entry.active;
            if (entry.worker == worker) {
                own.active = entry.active;
            } else if (entries.len + 1 < most_entries) {
                entries = room[0 .. entries.len + 1];
                entries[entries.len - 1] = entry;
            }
        }
        if (more and sum >= most) return false;
        own.active = if (more) own.active + 1 else own.active -| 1;
        entries = room[0 .. entries.len + 1];
        entries[entries.len - 1] = own;
        if (host.share(name, std.mem.sliceAsBytes(entries), found.version)) return true;
    }
    return true;
}
