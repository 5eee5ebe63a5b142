//! Composing without Envoy, natively: for tests.
//!
//! Without arguments it answers cases from its standard input, one a line, with what a client would get, one a line.
//! `trial SEED COUNT` makes up plans, requests and answers of services, and ends with a message where something that always
//! holds does not: each request gets one answer, which is JSON, and nothing that services send ends the process.

const std = @import("std");
const json = @import("json.zig");
const made_up = @import("made_up.zig");
const plan = @import("plan.zig");
const world = @import("world.zig");

const Allocator = std.mem.Allocator;
const Text = []const u8;

/// What is being tried, for the message of a panic.
var trying: u64 = 0;

pub const panic = std.debug.FullPanic(panicked);

fn panicked(said: []const u8, from: ?usize) noreturn {
    std.debug.print("seed {d}: ", .{trying});
    std.debug.defaultPanic(said, from);
}

pub fn main(init: std.process.Init) !void {
    const arguments = try init.minimal.args.toSlice(init.arena.allocator());
    if (arguments.len == 3) {
        const seed = try std.fmt.parseInt(u64, arguments[1], 10);
        const count = try std.fmt.parseInt(u64, arguments[2], 10);
        var arena = std.heap.ArenaAllocator.init(std.heap.page_allocator);
        defer arena.deinit();
        var composed: u64 = 0;
        for (seed..seed + count) |one| {
            trying = one;
            const status = madeUp(arena.allocator(), one) catch |problem| {
                std.debug.print("seed {d}: {s}\n", .{ one, @errorName(problem) });
                std.process.exit(1);
            };
            if (status == 200) composed += 1;
            _ = arena.reset(.retain_capacity);
        }
        const said = try std.fmt.allocPrint(init.gpa, "{d} of {d} composed\n", .{ composed, count });
        defer init.gpa.free(said);
        return std.Io.File.stdout().writeStreamingAll(init.io, said);
    }
    var room: [1 << 16]u8 = undefined;
    var input = std.Io.File.stdin().reader(init.io, &room);
    const cases = try input.interface.allocRemaining(init.gpa, .unlimited);
    defer init.gpa.free(cases);
    var lines = std.mem.tokenizeScalar(u8, cases, '\n');
    while (lines.next()) |line| {
        var arena = std.heap.ArenaAllocator.init(init.gpa);
        defer arena.deinit();
        const said = try given(arena.allocator(), line);
        try std.Io.File.stdout().writeStreamingAll(init.io, said);
    }
}

/// The answer to a case from outside, as a line.
fn given(arena: Allocator, line: Text) !Text {
    const case = json.valid(line) orelse return error.BadCase;
    const planned = try plan.read(arena, json.field(case, "plan") orelse return error.BadCase);
    const body = json.field(case, "body") orelse return error.BadCase;
    const asked = world.Asked{
        .path = try json.textOf(arena, json.field(case, "path") orelse return error.BadCase),
        .authority = "example.org",
        .headers = try pairs(arena, json.field(case, "headers") orelse return error.BadCase),
        .body = if (json.isNull(body)) null else json.valid(try json.textOf(arena, body)) orelse return error.BadCase,
    };
    var services = Given{ .arena = arena, .answers = json.field(case, "answers") orelse return error.BadCase };
    const got = try world.answer(arena, &planned, asked, &services, 1);
    var out: std.ArrayList(u8) = .empty;
    try out.print(arena, "{{\"status\":{d},\"body\":", .{got.status});
    try json.writeText(arena, &out, got.body);
    try out.appendSlice(arena, ",\"partial\":");
    const partial = for (got.headers) |header| {
        if (std.mem.eql(u8, header.name, "x-gatewright-partial")) break header.value;
    } else "";
    try json.writeText(arena, &out, partial);
    try out.appendSlice(arena, "}\n");
    return out.items;
}

/// Services that answer as a case says: `{step: [[status, headers, text], ...]}` by element, the last one for all further.
const Given = struct {
    arena: Allocator,
    answers: Text,

    pub fn answer(self: *Given, step: *const plan.Step, index: usize) !world.Answer {
        const listed = json.field(self.answers, step.name) orelse return error.BadCase;
        const many = json.count(listed);
        const said = json.element(listed, @min(index, many - 1)) orelse return error.BadCase;
        return .{
            .status = try std.fmt.parseInt(u32, json.element(said, 0).?, 10),
            .headers = try pairs(self.arena, json.element(said, 1).?),
            .body = try json.textOf(self.arena, json.element(said, 2).?),
            .took = 1,
        };
    }
};

fn pairs(arena: Allocator, listed: Text) ![]const world.Pair {
    var found: std.ArrayList(world.Pair) = .empty;
    var all = json.elements(listed);
    while (all.next()) |one| try found.append(arena, .{
        .name = try json.textOf(arena, json.element(one, 0).?),
        .value = try json.textOf(arena, json.element(one, 1).?),
    });
    return found.items;
}

/// One made-up request, and what must hold of its answer; gives its status.
fn madeUp(arena: Allocator, seed: u64) !u32 {
    var maker = made_up.Maker.of(arena, seed);
    const document = try maker.sent();
    try made_up.agrees(arena, document);
    const text = try maker.planText();
    const planned = plan.read(arena, text) catch |problem| {
        std.debug.print("{s}\n", .{text});
        return problem;
    };
    const body = json.valid(try maker.sent());
    const asked = world.Asked{ .path = try maker.target(), .authority = "a", .headers = try maker.headers(), .body = body };
    const got = try world.answer(arena, &planned, asked, &maker, seed);
    // What is composed may be deeper than what a service may send.
    if (json.valid(got.body) == null and !made_up.isSpecial(got.body)) {
        std.debug.print("{s}\n{s}\n", .{ text, got.body });
        return error.AnswerIsNotJson;
    }
    switch (got.status) {
        200, 400, 502, 504 => {},
        else => if (got.status < 400 or got.status > 499) return error.OddStatus,
    }
    return got.status;
}

test {
    _ = @import("evaluate.zig");
    _ = json;
    _ = @import("numbers.zig");
    _ = @import("percent.zig");
    _ = plan;
    _ = @import("request.zig");
}
