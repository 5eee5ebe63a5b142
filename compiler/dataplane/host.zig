//! Envoy, as the module sees it: the proxy-wasm ABI 0.2.1
//! (https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1), of which it needs these functions.

const std = @import("std");
const request = @import("request.zig");

const Text = []const u8;
const Pair = request.Pair;

/// Where what the host hands over is put. A request's arena, while one is being served.
pub var receiving: std.mem.Allocator = std.heap.wasm_allocator;

pub const Map = enum(u32) { request_headers = 0, response_headers = 2, call_response_headers = 6 };
pub const Buffer = enum(u32) { request_body = 0, response_body = 1, call_response_body = 4, plugin_configuration = 7 };
pub const MetricKind = enum(u32) { counter = 0, gauge = 1, histogram = 2 };

const ok: u32 = 0;

const env = struct {
    extern "env" fn proxy_log(level: u32, said: [*]const u8, size: usize) u32;
    extern "env" fn proxy_get_buffer_bytes(buffer: u32, start: u32, max: u32, found: *?[*]u8, size: *usize) u32;
    extern "env" fn proxy_get_header_map_pairs(map: u32, found: *?[*]u8, size: *usize) u32;
    extern "env" fn proxy_get_header_map_value(map: u32, name: [*]const u8, name_size: usize, found: *?[*]u8, size: *usize) u32;
    extern "env" fn proxy_replace_header_map_value(map: u32, name: [*]const u8, name_size: usize, value: [*]const u8, size: usize) u32;
    extern "env" fn proxy_remove_header_map_value(map: u32, name: [*]const u8, name_size: usize) u32;
    extern "env" fn proxy_set_buffer_bytes(buffer: u32, start: u32, length: u32, value: [*]const u8, size: usize) u32;
    extern "env" fn proxy_get_property(path: [*]const u8, path_size: usize, found: *?[*]u8, size: *usize) u32;
    extern "env" fn proxy_set_property(path: [*]const u8, path_size: usize, value: [*]const u8, size: usize) u32;
    extern "env" fn proxy_send_local_response(
        status: u32,
        details: [*]const u8,
        details_size: usize,
        body: [*]const u8,
        body_size: usize,
        headers: [*]const u8,
        headers_size: usize,
        grpc_status: i32,
    ) u32;
    extern "env" fn proxy_http_call(
        cluster: [*]const u8,
        cluster_size: usize,
        headers: [*]const u8,
        headers_size: usize,
        body: [*]const u8,
        body_size: usize,
        trailers: [*]const u8,
        trailers_size: usize,
        timeout_ms: u32,
        id: *u32,
    ) u32;
    extern "env" fn proxy_set_effective_context(context: u32) u32;
    extern "env" fn proxy_continue_stream(stream: u32) u32;
    extern "env" fn proxy_set_tick_period_milliseconds(period: u32) u32;
    extern "env" fn proxy_get_current_time_nanoseconds(now: *u64) u32;
    extern "env" fn proxy_get_shared_data(name: [*]const u8, name_size: usize, found: *?[*]u8, size: *usize, version: *u32) u32;
    extern "env" fn proxy_set_shared_data(name: [*]const u8, name_size: usize, value: [*]const u8, size: usize, version: u32) u32;
    extern "env" fn proxy_define_metric(kind: u32, name: [*]const u8, size: usize, id: *u32) u32;
    extern "env" fn proxy_increment_metric(id: u32, by: i64) u32;
    extern "env" fn proxy_record_metric(id: u32, value: u64) u32;
};

/// What a module is given of the process's environment
/// (https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md#environ_get).
const wasi = struct {
    extern "wasi_snapshot_preview1" fn environ_sizes_get(count: *usize, size: *usize) u32;
    extern "wasi_snapshot_preview1" fn environ_get(entries: [*][*:0]u8, texts: [*]u8) u32;
};

/// A variable of Envoy's environment, of those that the configuration lets the module see; null where it is not set.
pub fn variable(arena: std.mem.Allocator, name: Text) error{OutOfMemory}!?Text {
    var count: usize = 0;
    var size: usize = 0;
    if (wasi.environ_sizes_get(&count, &size) != ok or count == 0) return null;
    const entries = try arena.alloc([*:0]u8, count);
    if (wasi.environ_get(entries.ptr, (try arena.alloc(u8, size)).ptr) != ok) return null;
    for (entries) |entry| {
        const said = std.mem.span(entry);
        if (said.len > name.len and said[name.len] == '=' and std.mem.startsWith(u8, said, name)) return said[name.len + 1 ..];
    }
    return null;
}

/// A line in Envoy's log, as an error.
pub fn complain(said: Text) void {
    _ = env.proxy_log(4, said.ptr, said.len);
}

pub fn header(map: Map, name: Text) ?Text {
    var found: ?[*]u8 = null;
    var size: usize = 0;
    if (env.proxy_get_header_map_value(@backingInt(map), name.ptr, name.len, &found, &size) != ok) return null;
    return handed(found, size);
}

pub fn setHeader(map: Map, name: Text, value: Text) void {
    _ = env.proxy_replace_header_map_value(@backingInt(map), name.ptr, name.len, value.ptr, value.len);
}

pub fn removeHeader(map: Map, name: Text) void {
    _ = env.proxy_remove_header_map_value(@backingInt(map), name.ptr, name.len);
}

/// All headers, names in lower case.
pub fn headers(arena: std.mem.Allocator, map: Map) error{OutOfMemory}![]const Pair {
    var found: ?[*]u8 = null;
    var size: usize = 0;
    if (env.proxy_get_header_map_pairs(@backingInt(map), &found, &size) != ok) return &.{};
    return unpacked(arena, handed(found, size) orelse return &.{});
}

/// A body, or the configuration; null where there is none, or more of it than `most`.
pub fn bytes(buffer: Buffer, most: usize) ?Text {
    var found: ?[*]u8 = null;
    var size: usize = 0;
    const asked: u32 = @intCast(@min(most + 1, std.math.maxInt(u32)));
    if (env.proxy_get_buffer_bytes(@backingInt(buffer), 0, asked, &found, &size) != ok) return null;
    return if (size > most) null else handed(found, size);
}

/// Put another body in the place of the whole one.
pub fn replaceBody(buffer: Buffer, body: Text) void {
    _ = env.proxy_set_buffer_bytes(@backingInt(buffer), 0, std.math.maxInt(u32), body.ptr, body.len);
}

pub fn property(path: Text) ?Text {
    var found: ?[*]u8 = null;
    var size: usize = 0;
    if (env.proxy_get_property(path.ptr, path.len, &found, &size) != ok) return null;
    return handed(found, size);
}

pub fn setProperty(path: Text, value: Text) void {
    _ = env.proxy_set_property(path.ptr, path.len, value.ptr, value.len);
}

/// Answer the stream that is being looked at.
pub fn respond(arena: std.mem.Allocator, status: u32, more: []const Pair, body: Text) error{OutOfMemory}!void {
    const details = "gatewright.composed";
    const packed_headers = try packPairs(arena, more);
    const h = packed_headers;
    _ = env.proxy_send_local_response(status, details.ptr, details.len, body.ptr, body.len, h.ptr, h.len, -1);
}

/// Call a service. The number of the call, by which its answer is told; null where it could not even begin.
pub fn call(arena: std.mem.Allocator, cluster: Text, sent: []const Pair, body: Text, timeout_ms: u32) error{OutOfMemory}!?u32 {
    const h = try packPairs(arena, sent);
    const none = [4]u8{ 0, 0, 0, 0 };
    var id: u32 = 0;
    const done = env.proxy_http_call(cluster.ptr, cluster.len, h.ptr, h.len, body.ptr, body.len, &none, none.len, timeout_ms, &id);
    return if (done == ok) id else null;
}

/// What follows is about this stream.
pub fn about(stream: u32) void {
    _ = env.proxy_set_effective_context(stream);
}

/// Let a request that was held go on.
pub fn goOn() void {
    _ = env.proxy_continue_stream(0);
}

/// Have `proxy_on_tick` called every so many milliseconds; 0 for never.
pub fn tick(period_ms: u32) void {
    _ = env.proxy_set_tick_period_milliseconds(period_ms);
}

/// Nanoseconds on a clock.
pub fn now() u64 {
    var found: u64 = 0;
    _ = env.proxy_get_current_time_nanoseconds(&found);
    return found;
}

/// A text that all workers see, and which version of it this is.
pub const Shared = struct { value: Text, version: u32 };

pub fn shared(name: Text) ?Shared {
    var found: ?[*]u8 = null;
    var size: usize = 0;
    var version: u32 = 0;
    if (env.proxy_get_shared_data(name.ptr, name.len, &found, &size, &version) != ok) return null;
    return .{ .value = handed(found, size) orelse return null, .version = version };
}

/// Put another text in the place of this version of it, or of any where that is 0; whether it still was that one.
pub fn share(name: Text, value: Text, version: u32) bool {
    return env.proxy_set_shared_data(name.ptr, name.len, value.ptr, value.len, version) == ok;
}

pub fn metric(kind: MetricKind, name: Text) u32 {
    var id: u32 = 0;
    _ = env.proxy_define_metric(@backingInt(kind), name.ptr, name.len, &id);
    return id;
}

pub fn increment(id: u32) void {
    _ = env.proxy_increment_metric(id, 1);
}

pub fn record(id: u32, value: u64) void {
    _ = env.proxy_record_metric(id, value);
}

fn handed(found: ?[*]u8, size: usize) ?Text {
    const start = found orelse return if (size == 0) "" else null;
    return start[0..size];
}

/// Pairs as the ABI has them: how many, the sizes of each, and each text with a zero behind it.
fn packPairs(arena: std.mem.Allocator, pairs: []const Pair) error{OutOfMemory}![]u8 {
    var size: usize = 4;
    for (pairs) |pair| size += 8 + pair.name.len + pair.value.len + 2;
    const made = try arena.alloc(u8, size);
    std.mem.writeInt(u32, made[0..4], @intCast(pairs.len), .little);
    var at: usize = 4;
    for (pairs) |pair| {
        std.mem.writeInt(u32, made[at..][0..4], @intCast(pair.name.len), .little);
        std.mem.writeInt(u32, made[at + 4 ..][0..4], @intCast(pair.value.len), .little);
        at += 8;
    }
    for (pairs) |pair| {
        for ([_]Text{ pair.name, pair.value }) |said| {
            @memcpy(made[at..][0..said.len], said);
            made[at + said.len] = 0;
            at += said.len + 1;
        }
    }
    return made;
}

fn unpacked(arena: std.mem.Allocator, from: Text) error{OutOfMemory}![]const Pair {
    if (from.len < 4) return &.{};
    const many = std.mem.readInt(u32, from[0..4], .little);
    if (many > from.len / 8) return &.{};
    const made = try arena.alloc(Pair, many);
    var sizes: usize = 4;
    var at: usize = 4 + 8 * @as(usize, many);
    for (made) |*pair| {
        const name = std.mem.readInt(u32, from[sizes..][0..4], .little);
        const value = std.mem.readInt(u32, from[sizes + 4 ..][0..4], .little);
        sizes += 8;
        if (at + name + value + 2 > from.len) return &.{};
        pair.* = .{ .name = from[at .. at + name], .value = from[at + name + 1 .. at + name + 1 + value] };
        at += name + value + 2;
    }
    return made;
}
