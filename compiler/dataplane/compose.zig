//! One aggregate for one request: which steps run when, what becomes of their answers, and what the client gets.
//!
//! `host` is Envoy, or what stands for it in tests. Calls run beside each other; each ends by the deadline, since none is
//! given more time than is left, so that only pauses before another try need a clock of their own.

const std = @import("std");
const evaluate = @import("evaluate.zig");
const json = @import("json.zig");
const metrics = @import("metrics.zig");
const percent = @import("percent.zig");
const plan = @import("plan.zig");
const problem = @import("problem.zig");
const request = @import("request.zig");
const stepping = @import("steps.zig");

const Allocator = std.mem.Allocator;
const Pair = request.Pair;
const Text = []const u8;

const ms = 1_000_000;
/// Bytes that expressions may look through for one request.
const most_work = 64 << 20;
/// Headers that go along with every step.
const always_forwarded = [_]Text{ "traceparent", "tracestate", "x-request-id" };

/// What a client sent, with its body if it has one.
pub const Asked = struct {
    path: Text,
    authority: Text,
    headers: []const Pair,
    body: ?Text,

    pub fn header(self: Asked, name: Text) ?Text {
        return for (self.headers) |pair| {
            if (std.mem.eql(u8, pair.name, name)) break pair.value;
        } else null;
    }
};

/// One try of one element of a step; most steps have one element.
pub const Outcome = struct {
    element: ?Text = null,
    tries: u32 = 0,
    began: u64 = 0,
    /// Milliseconds that the try may take.
    limit: u32 = 0,
    /// Whether that is all the time that is left.
    last: bool = false,
    /// When the next try begins; 0 where none is waited for.
    again: u64 = 0,
    ended: bool = false,
    good: bool = false,
    timed_out: bool = false,
    /// Milliseconds of the last try.
    took: u64 = 0,
    /// 0 where there was no answer.
    status: u32 = 0,
    headers: []const Pair = &.{},
    body: Text = "null",
};

pub const State = struct {
    phase: enum { waiting, running, ended } = .waiting,
    /// Whether its condition let it run.
    ran: bool = true,
    outcomes: []Outcome = &.{},
    next: usize = 0,
    active: usize = 0,
    left: usize = 0,
    /// Something is missing of what it stands for.
    partial: bool = false,
    list: ?Text = null,
};

/// Whether a step could not run, or something of it is not to be had.
fn hasFailed(state: *const State) bool {
    if (!state.ran or !state.partial) return false;
    for (state.outcomes) |outcome| if (outcome.ended and !outcome.good) return true;
    return state.outcomes.len == 0;
}

pub fn Run(comptime Host: type) type {
    return struct {
        arena: Allocator,
        host: Host,
        aggregate: *plan.Aggregate,
        without: []const Text,
        asked: Asked,
        parameters: []?Text,
        states: []State,
        began: u64,
        deadline: u64,
        work: usize = 0,
        answered: bool = false,
        /// The deadline has come, which a call that was to end with it may tell a little before the clock does.
        over: bool = false,

        const Self = @This();
        const Evaluation = evaluate.Evaluation(*Self);

        /// Begin to answer. May have answered when it returns.
        pub fn begin(self: *Self, arena: Allocator, host: Host, route: *const plan.Route, asked: Asked) error{OutOfMemory}!void {
            const aggregate = route.aggregate.?;
            self.* = .{
                .arena = arena,
                .host = host,
                .aggregate = aggregate,
                .without = route.without,
                .asked = asked,
                .parameters = try arena.alloc(?Text, aggregate.parameters.len),
                .states = try arena.alloc(State, aggregate.steps.len),
                .began = host.now(),
                .deadline = 0,
            };
            self.deadline = self.began + @as(u64, aggregate.deadline) * ms;
            @memset(self.states, .{});
            if (try stepping.wrongParameter(self.arena, route, asked, self.parameters)) |detail| {
                return self.refuse(.{ .status = 400, .detail = detail });
            }
            try self.advance();
        }

        /// A call has ended: `status` is 0 where there was no answer, `body` null where it was too large.
        pub fn ended(self: *Self, step: usize, index: usize, status: u32, headers: []const Pair, body: ?Text) error{OutOfMemory}!void {
            if (self.answered) return;
            const state = &self.states[step];
            const outcome = &state.outcomes[index];
            const planned = &self.aggregate.steps[step];
            const now = self.host.now();
            const took = now -| outcome.began;
            outcome.status = status;
            outcome.headers = headers;
            // Envoy's timers and its clock differ by some milliseconds.
            outcome.timed_out = (status == 0 or status == 504) and took >= @as(u64, outcome.limit) * ms / 10 * 9;
            outcome.good = try stepping.isGood(self.arena, planned, status, body, &outcome.body);
            outcome.took = took / ms;
            if (outcome.last and outcome.timed_out) self.over = true;
            self.host.stepEnded(planned, took / ms, outcome.good, outcome.timed_out);
            if (!outcome.good and stepping.isWorthAnother(status) and outcome.tries <= planned.retries) {
                const pause: u64 = @min(@as(u64, 25) << @intCast(@min(outcome.tries - 1, 4)), 250);
                if (!self.over and now + pause * ms < self.deadline) {
                    outcome.again = now + pause * ms;
                    return self.host.wakeLater();
                }
            }
            try self.close(step, outcome);
            try self.advance();
        }

        /// Time has passed: tries whose pause is over begin. Gives whether any other one is waited for.
        pub fn woken(self: *Self) error{OutOfMemory}!bool {
            if (self.answered) return false;
            const now = self.host.now();
            var waiting = false;
            if (now < self.deadline) for (self.states, 0..) |*state, step| for (state.outcomes, 0..) |*outcome, index| {
                if (outcome.again == 0 or outcome.ended) continue;
                if (outcome.again > now) {
                    waiting = true;
                } else {
                    outcome.again = 0;
                    try self.call(step, index);
                }
            };
            try self.advance();
            return waiting and !self.answered;
        }

        fn advance(self: *Self) error{OutOfMemory}!void {
            if (self.answered) return;
            const late = self.over or self.host.now() >= self.deadline;
            var moved = true;
            while (moved) {
                moved = false;
                for (self.states, 0..) |*state, step| {
                    if (state.phase == .waiting and !late and self.isReady(step)) {
                        try self.start(step);
                        moved = true;
                    }
                    if (state.phase == .running and !late) try self.more(step);
                    if (state.phase == .running and state.left == 0) {
                        state.phase = .ended;
                        moved = true;
                    }
                    if (!self.aggregate.steps[step].optional and hasFailed(state)) return self.fail(step, late);
                }
            }
            for (self.states, 0..) |*state, step| {
                if (state.phase == .ended) continue;
                if (!late) return;
                if (!self.aggregate.steps[step].optional) return self.fail(step, true);
                try self.giveUp(step);
            }
            try self.finish();
        }

        fn isReady(self: *Self, step: usize) bool {
            for (self.aggregate.steps[step].after) |before| {
                if (self.states[before].phase != .ended) return false;
            }
            return true;
        }

        fn evaluation(self: *Self) Evaluation {
            return .{ .context = self };
        }

        fn start(self: *Self, step: usize) error{OutOfMemory}!void {
            const planned = &self.aggregate.steps[step];
            const state = &self.states[step];
            state.phase = .running;
            if (planned.when) |*when| {
                const runs = self.evaluation().holds(when, null) catch |problem_found| switch (problem_found) {
                    error.OutOfMemory => return error.OutOfMemory,
                    error.Broken => return self.broken(step),
                };
                if (!runs) {
                    state.ran = false;
                    return self.leaveOut(step);
                }
            }
            var elements: std.ArrayList(Outcome) = .empty;
            if (planned.for_each) |*of| {
                const list = self.evaluation().value(of, null) catch |problem_found| switch (problem_found) {
                    error.OutOfMemory => return error.OutOfMemory,
                    error.Broken => return self.broken(step),
                } orelse return self.broken(step);
                if (json.kind(list) != .array) return self.broken(step);
                var all = json.elements(list);
                while (all.next()) |one| {
                    if (elements.items.len == planned.max) {
                        if (!planned.cut) return self.broken(step);
                        state.partial = true;
                        break;
                    }
                    try elements.append(self.arena, .{ .element = one });
                }
            } else {
                try elements.append(self.arena, .{});
            }
            state.outcomes = elements.items;
            state.left = state.outcomes.len;
        }

        /// A step that cannot run as the plan has it.
        fn broken(self: *Self, step: usize) error{OutOfMemory}!void {
            const state = &self.states[step];
            state.partial = true;
            return self.leaveOut(step);
        }

        fn leaveOut(self: *Self, step: usize) error{OutOfMemory}!void {
            const planned = &self.aggregate.steps[step];
            const state = &self.states[step];
            state.outcomes = &.{};
            if (planned.for_each == null) {
                state.outcomes = try self.arena.alloc(Outcome, 1);
                state.outcomes[0] = .{ .ended = true, .good = false, .body = planned.fallback };
            }
            state.left = 0;
        }

        /// As many calls as may run beside each other.
        fn more(self: *Self, step: usize) error{OutOfMemory}!void {
            const state = &self.states[step];
            while (state.next < state.outcomes.len and state.active < self.aggregate.steps[step].concurrency) {
                if (state.outcomes[state.next].ended) return;
                const index = state.next;
                state.next += 1;
                state.active += 1;
                try self.call(step, index);
                if (self.answered) return;
            }
        }

        fn call(self: *Self, step: usize, index: usize) error{OutOfMemory}!void {
            const planned = &self.aggregate.steps[step];
            const outcome = &self.states[step].outcomes[index];
            const now = self.host.now();
            outcome.tries += 1;
            outcome.began = now;
            const sent = self.sending(planned, outcome.element) catch |problem_found| switch (problem_found) {
                error.OutOfMemory => return error.OutOfMemory,
                error.Broken => {
                    outcome.good = false;
                    outcome.status = 0;
                    return self.close(step, outcome);
                },
            };
            const left = (self.deadline -| now + ms - 1) / ms;
            outcome.limit = @intCast(@max(1, @min(planned.timeout, left)));
            outcome.last = left <= planned.timeout;
            if (!try self.host.call(self.arena, step, index, sent.cluster, sent.headers, sent.body, outcome.limit)) {
                try self.close(step, outcome);
            }
        }

        fn close(self: *Self, step: usize, outcome: *Outcome) error{OutOfMemory}!void {
            const planned = &self.aggregate.steps[step];
            const state = &self.states[step];
            outcome.ended = true;
            state.active -= 1;
            state.left -= 1;
            if (outcome.good) return;
            state.partial = true;
            if (planned.optional) outcome.body = planned.fallback;
        }

        /// The deadline has come before an optional step has ended.
        fn giveUp(self: *Self, step: usize) error{OutOfMemory}!void {
            const planned = &self.aggregate.steps[step];
            const state = &self.states[step];
            state.phase = .ended;
            state.partial = true;
            if (state.outcomes.len == 0) return self.leaveOut(step);
            for (state.outcomes) |*outcome| {
                if (outcome.ended) continue;
                outcome.ended = true;
                outcome.body = planned.fallback;
            }
        }

        const Sent = struct { cluster: Text, headers: []const Pair, body: Text };

        fn sending(self: *Self, planned: *const plan.Step, element: ?Text) evaluate.Error!Sent {
            const arena = self.arena;
            const eval = self.evaluation();
            const item: ?evaluate.Variable = if (element) |one| .{ .name = "item", .value = one, .outer = null } else null;
            const variables: ?*const evaluate.Variable = if (item) |*one| one else null;
            const cluster = stepping.chosen(planned, self.host.random());
            var path: std.ArrayList(u8) = .empty;
            try path.appendSlice(arena, cluster.prefix);
            for (planned.path) |segment| {
                try path.append(arena, '/');
                const before = path.items.len;
                for (segment, 0..) |part, i| {
                    if (i % 2 == 0) {
                        try path.appendSlice(arena, part);
                        continue;
                    }
                    const value = for (planned.path_inputs) |*input| {
                        if (std.mem.eql(u8, input.name, part)) break try eval.plain(try eval.value(&input.value, variables));
                    } else return error.Broken;
                    if (value.len == 0) return error.Broken;
                    try percent.encode(arena, &path, value);
                }
                const made = path.items[before..];
                if (std.mem.eql(u8, made, ".") or std.mem.eql(u8, made, "..")) return error.Broken;
            }
            if (planned.path.len == 0) try path.append(arena, '/');
            var sign: u8 = '?';
            for (planned.query) |*input| {
                const found = try eval.value(&input.value, variables) orelse continue;
                if (json.isNull(found)) continue;
                try path.append(arena, sign);
                sign = '&';
                try percent.encode(arena, &path, input.name);
                try path.append(arena, '=');
                try percent.encode(arena, &path, try eval.plain(found));
            }
            var sent: std.ArrayList(Pair) = .empty;
            try sent.append(arena, .{ .name = ":method", .value = planned.method });
            try sent.append(arena, .{ .name = ":path", .value = path.items });
            try sent.append(arena, .{ .name = ":authority", .value = self.asked.authority });
            try sent.append(arena, .{ .name = "accept", .value = "application/json" });
            for (always_forwarded) |name| if (self.asked.header(name)) |value| try sent.append(arena, .{ .name = name, .value = value });
            for (self.aggregate.forward) |name| {
                if (self.asked.header(name)) |value| try sent.append(arena, .{ .name = name, .value = value });
            }
            for (planned.headers) |*input| {
                const found = try eval.value(&input.value, variables) orelse continue;
                if (json.isNull(found)) continue;
                const value = try eval.plain(found);
                for (value) |c| if (c < 0x20 or c == 0x7f) return error.Broken;
                try sent.append(arena, .{ .name = input.name, .value = value });
            }
            var body: std.ArrayList(u8) = .empty;
            if (planned.body) |*value| {
                try eval.write(value, variables, &body);
                try sent.append(arena, .{ .name = "content-type", .value = "application/json" });
            }
            return .{ .cluster = cluster.name, .headers = sent.items, .body = body.items };
        }

        // What expressions ask of their context.

        pub fn spend(self: *Self, size: usize) evaluate.Error!void {
            self.work += size;
            if (self.work > most_work) return error.Broken;
        }

        pub fn root(self: *Self, name: Text, path: []const plan.Part) evaluate.Error!evaluate.Found {
            if (std.mem.eql(u8, name, "request")) return self.requestRoot(path);
            for (self.aggregate.steps, self.states) |*planned, *state| {
                if (!std.mem.eql(u8, planned.name, name)) continue;
                if (planned.for_each != null) return .{ .value = try self.listed(state), .used = 0 };
                return stepping.ofOutcome(self.arena, &state.outcomes[0], path);
            }
            return error.Broken;
        }

        fn listed(self: *Self, state: *State) evaluate.Error!Text {
            if (state.list) |made| return made;
            var out: std.ArrayList(u8) = .empty;
            try out.append(self.arena, '[');
            for (state.outcomes, 0..) |*outcome, i| {
                if (i > 0) try out.append(self.arena, ',');
                try out.appendSlice(self.arena, try stepping.wholeOutcome(self.arena, outcome));
            }
            try out.append(self.arena, ']');
            state.list = out.items;
            return out.items;
        }

        fn requestRoot(self: *Self, path: []const plan.Part) evaluate.Error!evaluate.Found {
            if (path.len == 0 or path[0] != .name) return error.Broken;
            if (std.mem.eql(u8, path[0].name, "body")) return .{ .value = self.asked.body, .used = 1 };
            const place = std.meta.stringToEnum(plan.Place, path[0].name) orelse return error.Broken;
            if (path.len > 1 and path[1] == .name) {
                for (self.aggregate.parameters, self.parameters) |parameter, found| {
                    if (parameter.place == place and std.mem.eql(u8, parameter.name, path[1].name)) return .{ .value = found, .used = 2 };
                }
                return .{ .value = null, .used = 2 };
            }
            var out: std.ArrayList(u8) = .empty;
            for (self.aggregate.parameters, self.parameters) |parameter, found| {
                if (parameter.place != place or found == null) continue;
                try out.append(self.arena, if (out.items.len == 0) '{' else ',');
                try json.writeText(self.arena, &out, parameter.name);
                try out.append(self.arena, ':');
                try out.appendSlice(self.arena, found.?);
            }
            try out.appendSlice(self.arena, if (out.items.len == 0) "{}" else "}");
            return .{ .value = out.items, .used = 1 };
        }

        // Answers.

        fn finish(self: *Self) error{OutOfMemory}!void {
            const arena = self.arena;
            var body: std.ArrayList(u8) = .empty;
            self.evaluation().write(&self.aggregate.response, null, &body) catch |problem_found| switch (problem_found) {
                error.OutOfMemory => return error.OutOfMemory,
                error.Broken => return self.refuse(.{ .status = 502, .detail = "the services' answers do not make up this one" }),
            };
            var headers: std.ArrayList(Pair) = .empty;
            try headers.append(arena, .{ .name = "content-type", .value = "application/json" });
            for (self.aggregate.headers) |header| {
                const spared = for (self.without) |name| {
                    if (std.mem.eql(u8, name, header[0])) break true;
                } else false;
                if (!spared) try headers.append(arena, .{ .name = header[0], .value = header[1] });
            }
            var missing: std.ArrayList(u8) = .empty;
            for (self.aggregate.steps, self.states) |step, state| {
                if (!state.partial) continue;
                if (missing.items.len > 0) try missing.appendSlice(arena, ", ");
                try missing.appendSlice(arena, step.name);
            }
            if (missing.items.len > 0) try headers.append(arena, .{ .name = "x-gatewright-partial", .value = missing.items });
            self.answered = true;
            try self.tell(if (missing.items.len > 0) .partial else .complete);
            try self.host.respond(arena, self.aggregate.status, headers.items, body.items);
        }

        /// A step that the whole cannot do without has failed.
        fn fail(self: *Self, step: usize, late: bool) error{OutOfMemory}!void {
            const name = self.aggregate.steps[step].name;
            const outcome: Outcome = for (self.states[step].outcomes) |one| {
                if (one.ended and !one.good) break one;
            } else .{};
            if (outcome.ended and outcome.status >= 400 and outcome.status < 500) {
                var passed: std.ArrayList(Pair) = .empty;
                for (outcome.headers) |header| {
                    const goes = std.mem.eql(u8, header.name, "retry-after") or std.mem.eql(u8, header.name, "www-authenticate");
                    if (goes) try passed.append(self.arena, header);
                }
                return self.answer(.{ .status = outcome.status, .step = name, .detail = "a service refused the request" }, passed.items);
            }
            if (outcome.timed_out or (late and !outcome.ended)) {
                return self.refuse(.{ .status = 504, .step = name, .detail = "a service did not answer in time" });
            }
            return self.refuse(.{ .status = 502, .step = name, .detail = "a service gave no answer that could be used" });
        }

        fn refuse(self: *Self, said: problem.Problem) error{OutOfMemory}!void {
            return self.answer(said, &.{});
        }

        fn answer(self: *Self, said: problem.Problem, more_headers: []const Pair) error{OutOfMemory}!void {
            var headers: std.ArrayList(Pair) = .empty;
            try headers.append(self.arena, .{ .name = "content-type", .value = problem.media_type });
            try headers.appendSlice(self.arena, more_headers);
            self.answered = true;
            try self.tell(if (said.status == 504) .timed_out else .failed);
            try self.host.respond(self.arena, said.status, headers.items, try problem.write(self.arena, said));
        }

        /// Count how it came out, and note for the access log what became of each step: `orders=200/12ms`.
        fn tell(self: *Self, outcome: metrics.Outcome) error{OutOfMemory}!void {
            var note: std.ArrayList(u8) = .empty;
            for (self.aggregate.steps, self.states) |step, state| {
                if (note.items.len > 0) try note.append(self.arena, ' ');
                try note.print(self.arena, "{s}=", .{step.name});
                if (state.phase == .waiting or !state.ran) {
                    try note.append(self.arena, '-');
                    continue;
                }
                for (state.outcomes, 0..) |one, i| {
                    if (i > 0) try note.append(self.arena, ',');
                    if (one.tries == 0) try note.append(self.arena, '-') else try note.print(self.arena, "{d}/{d}ms", .{ one.status, one.took });
                }
            }
            self.host.told(self.aggregate, outcome, (self.host.now() -| self.began) / ms, note.items);
        }
    };
}
