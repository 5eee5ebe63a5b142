//! The payload module: what Envoy calls, and whom that is about. See docs/payload-plan.md.
//!
//! Envoy runs one of these on each worker, one call at a time. Answers of services arrive without their stream, so each
//! call is written down with the request that it belongs to; a stream may be gone by then. A new configuration comes as
//! a new root context beside the old one, whose streams go on with the plan that they began with.

const std = @import("std");
const checking = @import("check.zig");
const compose = @import("compose.zig");
const host = @import("host.zig");
const json = @import("json.zig");
const keying = @import("keys.zig");
const limit = @import("limit.zig");
const metrics = @import("metrics.zig");
const plan = @import("plan.zig");
const problem = @import("problem.zig");
const request = @import("request.zig");
const reshape = @import("reshape.zig");
const stepping = @import("steps.zig");

const Allocator = std.mem.Allocator;
const Text = []const u8;
const memory = std.heap.wasm_allocator;

const go_on: u32 = 0;
const hold: u32 = 1;
/// Of a body: neither pass it on nor keep it.
const drop: u32 = 3;
/// Milliseconds between two looks at what waits for another try.
const tick_period: u32 = 5;

/// Lines of the log about one variable.
const most_faults = 10;

const Run = compose.Run(Bridge);

/// One configuration of the filter.
const Root = struct {
    id: u32,
    arena: std.heap.ArenaAllocator = .init(memory),
    plan: plan.Plan,
    /// Where this filter asks for keys, and does nothing else.
    keys: ?keying.Keys = null,
    ticking: bool = false,
};

/// A stream that the module has something to do with.
const Stream = struct {
    id: u32,
    root: *Root,
    arena: std.heap.ArenaAllocator,
    route: *const plan.Route,
    asked: compose.Asked,
    run: ?*Run = null,
    /// The schema that the body must satisfy.
    schema: ?usize = null,
    passing: ?reshape.Passing = null,
    /// Bytes of the request's body that have come.
    come: usize = 0,
    /// Counted among those of its aggregate.
    counted: bool = false,
    answered: bool = false,
    waits: bool = false,
};

const Call = struct { stream: u32, step: usize, index: usize };

const Module = struct {
    roots: std.AutoHashMapUnmanaged(u32, *Root) = .empty,
    /// The root of each stream.
    parents: std.AutoHashMapUnmanaged(u32, u32) = .empty,
    streams: std.AutoHashMapUnmanaged(u32, *Stream) = .empty,
    calls: std.AutoHashMapUnmanaged(u32, Call) = .empty,
    seed: u64 = 0,
};

var module: Module = .{};

/// What a run asks of Envoy.
const Bridge = struct {
    stream: *Stream,

    pub fn now(_: Bridge) u64 {
        return host.now();
    }

    pub fn random(_: Bridge) u64 {
        if (module.seed == 0) module.seed = host.now() | 1;
        // xorshift64 (Marsaglia, "Xorshift RNGs", 2003)
        module.seed ^= module.seed << 13;
        module.seed ^= module.seed >> 7;
        module.seed ^= module.seed << 17;
        return module.seed;
    }

    pub fn call(self: Bridge, arena: Allocator, step: usize, index: usize, cluster: Text, headers: []const request.Pair, body: Text, timeout: u32) error{OutOfMemory}!bool {
        const id = try host.call(arena, cluster, headers, body, timeout) orelse return false;
        try module.calls.put(memory, id, .{ .stream = self.stream.id, .step = step, .index = index });
        return true;
    }

    pub fn respond(self: Bridge, arena: Allocator, status: u32, headers: []const request.Pair, body: Text) error{OutOfMemory}!void {
        host.about(self.stream.id);
        if (self.stream.route.max_response) |most| if (body.len > most) {
            return answer(self.stream, .{ .status = 502, .detail = "the answer is larger than the client takes" }, &.{});
        };
        self.stream.answered = true;
        leave(self.stream);
        try host.respond(arena, status, headers, body);
    }

    pub fn stepEnded(_: Bridge, step: *const plan.Step, took_ms: u64, good: bool, timed_out: bool) void {
        metrics.called(step, took_ms, good, timed_out);
    }

    /// What became of the whole; `note` is for the access log.
    pub fn told(self: Bridge, aggregate: *const plan.Aggregate, outcome: metrics.Outcome, took_ms: u64, note: Text) void {
        metrics.answered(aggregate, outcome, took_ms);
        host.about(self.stream.id);
        host.setProperty("gatewright.steps", note);
    }

    pub fn wakeLater(self: Bridge) void {
        self.stream.waits = true;
        if (self.stream.root.ticking) return;
        self.stream.root.ticking = true;
        host.tick(tick_period);
    }
};

export fn proxy_abi_version_0_2_1() void {}

/// A WASI reactor has this; there is nothing to set up.
export fn _initialize() void {}

export fn proxy_on_memory_allocate(size: usize) ?[*]u8 {
    const made = host.receiving.alloc(u8, size) catch return null;
    return made.ptr;
}

export fn proxy_on_context_create(id: u32, parent: u32) void {
    if (parent != 0) module.parents.put(memory, id, parent) catch {};
}

export fn proxy_on_vm_start(_: u32, _: usize) u32 {
    return 1;
}

export fn proxy_on_configure(id: u32, size: usize) u32 {
    const root = configured(id, size) catch |found| {
        host.complain(if (found == error.BadPlan) "gatewright: this is not a plan for this module" else "gatewright: no memory for the plan");
        return 0;
    };
    if (module.roots.fetchPut(memory, id, root) catch return 0) |former| dropRoot(former.value);
    return 1;
}

fn configured(id: u32, size: usize) plan.Error!*Root {
    const root = try memory.create(Root);
    root.* = .{ .id = id, .plan = undefined };
    errdefer dropRoot(root);
    const arena = root.arena.allocator();
    host.receiving = arena;
    const source = host.bytes(.plugin_configuration, size) orelse "";
    root.keys = try keying.read(arena, source);
    if (root.keys) |*keys| {
        if (keys.variable) |name| try takeVariable(arena, keys, name);
        return root;
    }
    root.plan = try plan.read(arena, source);
    try metrics.define(arena, &root.plan);
    for (root.plan.aggregates) |one| if (one.max_concurrent != null) limit.prepare(one.name);
    return root;
}

/// Let in whom a variable names, and say in Envoy's log where it names nobody.
fn takeVariable(arena: Allocator, keys: *keying.Keys, name: Text) error{OutOfMemory}!void {
    const said = try host.variable(arena, name) orelse "";
    if (said.len == 0) return host.complain(try std.fmt.allocPrint(arena, "gatewright: the variable {s} is not set, so no key is known", .{name}));
    const faults = try keys.take(arena, said);
    for (faults[0..@min(faults.len, most_faults)]) |fault| {
        host.complain(try std.fmt.allocPrint(arena, "gatewright: entry {d} of the variable {s} is passed over: {s}", .{ fault.entry, name, fault.wrong }));
    }
    if (faults.len > most_faults) {
        host.complain(try std.fmt.allocPrint(arena, "gatewright: {d} more entries of the variable {s} are passed over", .{ faults.len - most_faults, name }));
    }
    if (keys.consumers.count() == 0) host.complain(try std.fmt.allocPrint(arena, "gatewright: the variable {s} holds no key", .{name}));
}

fn dropRoot(root: *Root) void {
    root.arena.deinit();
    memory.destroy(root);
}

export fn proxy_on_request_headers(id: u32, _: u32, end_of_stream: u32) u32 {
    return onRequest(id, end_of_stream != 0) catch return unable(id);
}

fn onRequest(id: u32, whole: bool) error{OutOfMemory}!u32 {
    const root = module.roots.get(module.parents.get(id) orelse 0) orelse return refuse(id, 500, "there is no plan");
    if (root.keys) |*keys| return askForKey(id, keys);
    const stream = try memory.create(Stream);
    stream.* = .{ .id = id, .root = root, .arena = .init(memory), .route = undefined, .asked = undefined };
    errdefer forget(stream);
    const arena = stream.arena.allocator();
    host.receiving = arena;
    const name = host.property("xds\x00route_name") orelse "";
    stream.route = root.plan.routes.getPtr(name) orelse {
        forget(stream);
        return refuse(id, 500, "there is no plan for this route");
    };
    stream.asked = .{
        .path = host.header(.request_headers, ":path") orelse "",
        .authority = host.header(.request_headers, ":authority") orelse "",
        .headers = try host.headers(arena, .request_headers),
        .body = null,
    };
    try module.streams.put(memory, id, stream);
    if (stream.route.check) |*check| switch (checking.bodyOf(check, stream.asked, whole)) {
        .unread => {},
        .read => |schema| stream.schema = schema,
        .refused => |said| {
            try answer(stream, said, &.{});
            return hold;
        },
    };
    if (!whole and changesRequest(stream)) if (reshape.unfitToSend()) |said| {
        try answer(stream, said, &.{});
        return hold;
    };
    if (!whole and readsBody(stream)) return hold;
    return decide(stream);
}

/// Let a request pass that bears a key, which is taken off it, and tell the service whose that is.
fn askForKey(id: u32, keys: *const keying.Keys) error{OutOfMemory}!u32 {
    if (keys.variable != null and keys.consumers.count() == 0) return refuse(id, 503, "no keys are known here");
    var own = std.heap.ArenaAllocator.init(memory);
    defer own.deinit();
    const arena = own.allocator();
    host.receiving = arena;
    const found: keying.InQuery = if (keys.in_query)
        try keying.inQuery(arena, host.header(.request_headers, ":path") orelse "", keys.name)
    else
        .{ .key = keying.inHeaders(try host.headers(arena, .request_headers), keys.name), .rest = "" };
    const who = if (found.key) |key| keys.consumer(key) else null;
    if (who) |consumer| {
        if (keys.in_query) host.setHeader(.request_headers, ":path", found.rest) else host.removeHeader(.request_headers, keys.name);
        host.setHeader(.request_headers, "x-gatewright-consumer", consumer);
        return go_on;
    }
    const headers: []const request.Pair = &.{
        .{ .name = "content-type", .value = problem.media_type },
        .{ .name = "www-authenticate", .value = "ApiKey" },
    };
    try host.respond(arena, 401, headers, try problem.write(arena, .{ .status = 401 }));
    return hold;
}

/// Whether the body is looked at, and so must be there as a whole.
fn readsBody(stream: *Stream) bool {
    if (stream.schema != null or changesRequest(stream)) return true;
    return if (stream.route.aggregate) |aggregate| aggregate.body != .none else false;
}

fn changesRequest(stream: *Stream) bool {
    return if (stream.route.shape) |shape| shape.request != null else false;
}

/// All of the request is there.
fn decide(stream: *Stream) error{OutOfMemory}!u32 {
    const arena = stream.arena.allocator();
    if (stream.route.check != null) {
        const body = stream.asked.body;
        const given: ?checking.Given = if (stream.schema == null or body == null) null else .{ .text = body.?, .schema = stream.schema.? };
        if (try checking.faults(arena, &stream.root.plan, stream.route, stream.asked, given)) |said| {
            try answer(stream, said, &.{});
            return hold;
        }
    }
    const aggregate = stream.route.aggregate orelse return pass(stream);
    if (bodyAsJson(stream)) |said| {
        try answer(stream, said, &.{});
        return hold;
    }
    if (aggregate.max_concurrent) |most| {
        host.receiving = arena;
        if (!limit.enter(aggregate.name, most, aggregate.deadline)) {
            metrics.answered(aggregate, .refused, 0);
            try answer(stream, .{ .status = 503, .detail = "too many of these requests are being answered" }, &.{.{ .name = "retry-after", .value = "1" }});
            return hold;
        }
        stream.counted = true;
    }
    const run = try arena.create(Run);
    stream.run = run;
    try run.begin(arena, .{ .stream = stream }, stream.route, stream.asked);
    return hold;
}

/// Make the body of a request for an aggregate the one JSON value that it is; what is wrong where it is none.
fn bodyAsJson(stream: *Stream) ?problem.Problem {
    const body = stream.asked.body orelse return null;
    stream.asked.body = json.valid(body) orelse return .{ .status = 400, .detail = "the body is not JSON" };
    return null;
}

/// The request goes to a service, whose answer may have to be changed.
fn pass(stream: *Stream) error{OutOfMemory}!u32 {
    const shape = if (stream.route.shape) |*found| found else return go_on;
    const arena = stream.arena.allocator();
    const values = try arena.alloc(?Text, shape.parameters.len);
    if (shape.parameters.len > 0) if (try stepping.wrongAmong(arena, stream.route, shape.parameters, stream.asked, values)) |detail| {
        try answer(stream, .{ .status = 400, .detail = detail }, &.{});
        return hold;
    };
    const head = std.mem.eql(u8, stream.asked.header(":method") orelse "", "HEAD");
    stream.passing = .{ .shape = shape, .values = values, .head = head };
    if (stream.asked.body) |body| if (shape.request != null) {
        if (try stream.passing.?.asked(arena, body)) |said| {
            stream.passing = null; // no service's answer follows
            try answer(stream, said, &.{});
            return hold;
        }
    };
    stream.passing.?.sent();
    return go_on;
}

export fn proxy_on_response_headers(id: u32, _: u32, end_of_stream: u32) u32 {
    const stream = module.streams.get(id) orelse return go_on;
    if (stream.answered) return go_on;
    const passing = if (stream.passing) |*found| found else return go_on;
    host.receiving = stream.arena.allocator();
    return done(stream, passing.headers(end_of_stream != 0), hold);
}

export fn proxy_on_response_body(id: u32, size: usize, end_of_stream: u32) u32 {
    const stream = module.streams.get(id) orelse return go_on;
    const passing = if (stream.passing) |*found| found else return go_on;
    if (stream.answered) return drop;
    host.receiving = stream.arena.allocator();
    const verdict = passing.body(stream.arena.allocator(), size, end_of_stream != 0) catch return unable(id);
    return done(stream, verdict, drop);
}

export fn proxy_on_response_trailers(id: u32, _: u32) u32 {
    const stream = module.streams.get(id) orelse return go_on;
    const passing = if (stream.passing) |*found| found else return go_on;
    if (stream.answered) return hold;
    host.receiving = stream.arena.allocator();
    const verdict = passing.trailers(stream.arena.allocator()) catch return unable(id);
    return done(stream, verdict, hold);
}

/// What Envoy is told; `refused` where the module answers in the service's place.
fn done(stream: *Stream, verdict: reshape.Verdict, refused: u32) u32 {
    switch (verdict) {
        .go_on => return go_on,
        .hold => return hold,
        .refuse => |why| {
            answer(stream, .{ .status = 502, .detail = why }, &.{}) catch return unable(stream.id);
            return refused;
        },
    }
}

export fn proxy_on_request_body(id: u32, size: usize, end_of_stream: u32) u32 {
    const stream = module.streams.get(id) orelse return go_on;
    if (stream.answered) return drop;
    if (!readsBody(stream)) return if (stream.route.aggregate != null) drop else go_on;
    return onBody(stream, size, end_of_stream != 0) catch return unable(id);
}

fn onBody(stream: *Stream, size: usize, whole: bool) error{OutOfMemory}!u32 {
    var most: usize = std.math.maxInt(u32) - 1;
    if (stream.route.check) |check| most = @min(most, check.max_body);
    if (stream.route.aggregate) |aggregate| most = @min(most, aggregate.max_body);
    if (stream.route.shape) |shape| if (shape.request != null) {
        most = @min(most, shape.max_body);
    };
    stream.come = @max(stream.come, size);
    if (stream.come > most) {
        try answer(stream, .{ .status = 413, .detail = "the body is too large" }, &.{});
        return hold;
    }
    if (!whole) return hold;
    host.receiving = stream.arena.allocator();
    const body = host.bytes(.request_body, most) orelse "";
    if (body.len == 0 and stream.come > 0) return unable(stream.id); // nothing goes on unseen
    if (body.len > 0) stream.asked.body = body;
    if (body.len == 0 and stream.route.check != null) {
        // A body was announced, and did not come.
        switch (checking.bodyOf(&stream.route.check.?, stream.asked, true)) {
            .refused => |said| {
                try answer(stream, said, &.{});
                return hold;
            },
            else => stream.schema = null,
        }
    }
    return decide(stream);
}

/// Behind trailers nothing more comes, and the body has not been said to be whole.
export fn proxy_on_request_trailers(id: u32, _: u32) u32 {
    const stream = module.streams.get(id) orelse return go_on;
    if (stream.answered or stream.run != null) return hold;
    if (!readsBody(stream)) return if (stream.route.aggregate != null) hold else go_on;
    return onBody(stream, 0, true) catch return unable(id);
}

export fn proxy_on_http_call_response(_: u32, call: u32, headers: u32, size: usize, _: u32) void {
    const found = module.calls.fetchRemove(call) orelse return;
    const stream = module.streams.get(found.value.stream) orelse return;
    const run = stream.run orelse return;
    if (stream.answered) return;
    onAnswer(stream, run, found.value, headers != 0, size) catch {
        _ = unable(stream.id);
    };
}

fn onAnswer(stream: *Stream, run: *Run, call: Call, there: bool, size: usize) error{OutOfMemory}!void {
    const arena = stream.arena.allocator();
    host.receiving = arena;
    if (!there) return run.ended(call.step, call.index, 0, &.{}, null);
    const headers = try host.headers(arena, .call_response_headers);
    const status = for (headers) |header| {
        if (std.mem.eql(u8, header.name, ":status")) break std.fmt.parseInt(u32, header.value, 10) catch 0;
    } else 0;
    const most = run.aggregate.steps[call.step].max_body;
    const body: ?Text = if (size == 0) "" else if (size > most) null else host.bytes(.call_response_body, most);
    try run.ended(call.step, call.index, status, headers, body);
}

export fn proxy_on_tick(id: u32) void {
    const root = module.roots.get(id) orelse return host.tick(0);
    var waiting = false;
    var due: std.ArrayList(*Stream) = .empty;
    defer due.deinit(memory);
    var all = module.streams.valueIterator();
    while (all.next()) |stream| {
        if (stream.*.waits and stream.*.root == root) due.append(memory, stream.*) catch return;
    }
    for (due.items) |stream| {
        const run = stream.run orelse continue;
        host.receiving = stream.arena.allocator();
        stream.waits = run.woken() catch {
            _ = unable(stream.id);
            continue;
        };
        waiting = waiting or stream.waits;
    }
    if (waiting) return;
    root.ticking = false;
    host.tick(0);
}

export fn proxy_on_done(_: u32) u32 {
    return 1;
}

export fn proxy_on_delete(id: u32) void {
    if (module.roots.fetchRemove(id)) |found| return dropRoot(found.value);
    _ = module.parents.remove(id);
    const found = module.streams.fetchRemove(id) orelse return;
    forget(found.value);
}

/// Take a stream that was answered or is gone off its aggregate's count.
fn leave(stream: *Stream) void {
    if (!stream.counted) return;
    stream.counted = false;
    host.receiving = stream.arena.allocator();
    if (stream.route.aggregate) |aggregate| limit.leave(aggregate.name, aggregate.deadline);
}

fn forget(stream: *Stream) void {
    leave(stream);
    host.receiving = memory;
    stream.arena.deinit();
    memory.destroy(stream);
}

fn answer(stream: *Stream, said: problem.Problem, more: []const request.Pair) error{OutOfMemory}!void {
    const arena = stream.arena.allocator();
    var headers: std.ArrayList(request.Pair) = .empty;
    try headers.append(arena, .{ .name = "content-type", .value = problem.media_type });
    try headers.appendSlice(arena, more);
    host.about(stream.id);
    stream.answered = true;
    leave(stream);
    try host.respond(arena, said.status, headers.items, try problem.write(arena, said));
}

fn refuse(id: u32, status: u32, detail: Text) u32 {
    var room: [1024]u8 = undefined;
    var fixed = std.heap.FixedBufferAllocator.init(&room);
    const arena = fixed.allocator();
    host.about(id);
    const body = problem.write(arena, .{ .status = status, .detail = detail }) catch "";
    host.respond(arena, status, &.{.{ .name = "content-type", .value = problem.media_type }}, body) catch {};
    return hold;
}

/// There is no memory to do what the plan says.
fn unable(id: u32) u32 {
    if (module.streams.get(id)) |stream| {
        stream.answered = true;
        leave(stream);
    }
    return refuse(id, 503, "the gateway has no memory for this");
}
