//! What stands for Envoy and the services around a run in tests: a clock that the test winds, and answers in any order.

const std = @import("std");
const compose = @import("compose.zig");
const metrics = @import("metrics.zig");
const plan = @import("plan.zig");
const request = @import("request.zig");

const Allocator = std.mem.Allocator;
const Text = []const u8;

pub const Asked = compose.Asked;
pub const Pair = request.Pair;

/// An answer of a service, or the one that the client gets.
pub const Answer = struct {
    /// 0 for none.
    status: u32,
    headers: []const Pair,
    /// Null where it is too large.
    body: ?Text,
    /// Milliseconds.
    took: u64,
};

pub const Got = struct { status: u32, headers: []const Pair, body: Text };

/// What the client gets. `services` has `answer(step, index)`, which may fail.
pub fn answer(arena: Allocator, planned: *const plan.Plan, asked: Asked, services: anytype, seed: u64) !Got {
    const World = Around(@TypeOf(services));
    var prng = std.Random.DefaultPrng.init(seed);
    var around = World{ .services = services, .prng = prng.random() };
    var routes = planned.routes.valueIterator();
    const route = routes.next() orelse return error.NoRoute;
    around.aggregate = route.aggregate orelse return error.NoAggregate;
    var run: compose.Run(*World) = undefined;
    try run.begin(arena, &around, route, asked);
    const start = around.clock;
    while (around.got == null) {
        const call = around.isNext();
        if (call == null and !around.waits) return error.Stalled;
        if (call == null or (around.waits and around.prng.boolean())) {
            around.clock += 5 * std.time.ns_per_ms;
            around.waits = try run.woken();
            continue;
        }
        const done = around.pending.swapRemove(call.?);
        around.clock = @max(around.clock, done.ends);
        if (done.late) {
            try run.ended(done.step, done.index, 504, &.{}, "upstream request timeout");
        } else {
            try run.ended(done.step, done.index, done.answer.status, done.answer.headers, done.answer.body);
        }
        if (around.clock - start > (@as(u64, around.aggregate.deadline) + 50) * std.time.ns_per_ms and around.got == null) return error.TooLate;
    }
    // What comes behind the answer changes nothing.
    for (around.pending.items) |late| try run.ended(late.step, late.index, 200, &.{}, "{}");
    _ = try run.woken();
    if (around.answers != 1 or around.reports != 1) return error.AnsweredTwice;
    return around.got.?;
}

const Pending = struct { step: usize, index: usize, ends: u64, late: bool, answer: Answer };

fn Around(comptime Services: type) type {
    return struct {
        services: Services,
        prng: std.Random,
        aggregate: *const plan.Aggregate = undefined,
        clock: u64 = 1_000_000_000,
        pending: std.ArrayList(Pending) = .empty,
        waits: bool = false,
        got: ?Got = null,
        answers: usize = 0,
        reports: usize = 0,

        const Self = @This();

        /// The call that ends first.
        fn isNext(self: *Self) ?usize {
            var found: ?usize = null;
            for (self.pending.items, 0..) |one, i| {
                if (found == null or one.ends < self.pending.items[found.?].ends) found = i;
            }
            return found;
        }

        pub fn now(self: *Self) u64 {
            return self.clock;
        }

        pub fn random(self: *Self) u64 {
            return self.prng.int(u64);
        }

        pub fn call(self: *Self, arena: Allocator, step: usize, index: usize, _: Text, _: []const Pair, _: Text, timeout: u32) error{OutOfMemory}!bool {
            const said = self.services.answer(&self.aggregate.steps[step], index) catch return false;
            const late = said.took > timeout;
            try self.pending.append(arena, .{
                .step = step,
                .index = index,
                .ends = self.clock + @min(said.took, timeout) * std.time.ns_per_ms,
                .late = late,
                .answer = said,
            });
            return true;
        }

        pub fn respond(self: *Self, _: Allocator, status: u32, headers: []const Pair, body: Text) error{OutOfMemory}!void {
            self.answers += 1;
            self.got = .{ .status = status, .headers = headers, .body = body };
        }

        pub fn stepEnded(_: *Self, _: *const plan.Step, _: u64, _: bool, _: bool) void {}

        pub fn told(self: *Self, _: *const plan.Aggregate, _: metrics.Outcome, _: u64, _: Text) void {
            self.reports += 1;
        }

        pub fn wakeLater(self: *Self) void {
            self.waits = true;
        }
    };
}
