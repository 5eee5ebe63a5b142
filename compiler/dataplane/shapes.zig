//! Changes of JSON bodies: an answer copied without what is left out, under its new names, with what is put in.
//!
//! The text is read where it stands. Names are compared as they are meant, so that no escape gets a field through.

const std = @import("std");
const evaluate = @import("evaluate.zig");
const json = @import("json.zig");
const plan = @import("plan.zig");
const request = @import("request.zig");

const Allocator = std.mem.Allocator;
const Text = []const u8;

/// Bytes that the values of one answer may look through.
const most_work = 64 << 20;

/// A body, and what values are made of: `request` as its parameters were read, and `response` where there is one.
pub const Answer = struct {
    arena: Allocator,
    parameters: []const plan.Parameter,
    values: []const ?Text,
    status: u32,
    headers: []const request.Pair,
    body: Text,
    work: usize = 0,

    pub fn spend(self: *Answer, size: usize) evaluate.Error!void {
        self.work += size;
        if (self.work > most_work) return error.Broken;
    }

    pub fn root(self: *Answer, name: Text, path: []const plan.Part) evaluate.Error!evaluate.Found {
        if (path.len == 0 or path[0] != .name) return error.Broken;
        const place = path[0].name;
        if (std.mem.eql(u8, name, "request")) return self.ofRequest(place, path);
        if (!std.mem.eql(u8, name, "response")) return error.Broken;
        if (std.mem.eql(u8, place, "body")) return .{ .value = self.body, .used = 1 };
        if (std.mem.eql(u8, place, "status")) return .{ .value = try std.fmt.allocPrint(self.arena, "{d}", .{self.status}), .used = 1 };
        if (path.len < 2 or path[1] != .name) return error.Broken;
        for (self.headers) |header| {
            if (!std.mem.eql(u8, header.name, path[1].name)) continue;
            if (!std.unicode.utf8ValidateSlice(header.value)) return error.Broken;
            return .{ .value = try json.quoted(self.arena, header.value), .used = 2 };
        }
        return .{ .value = null, .used = 2 };
    }

    fn ofRequest(self: *Answer, place: Text, path: []const plan.Part) evaluate.Error!evaluate.Found {
        if (path.len < 2 or path[1] != .name) return error.Broken;
        for (self.parameters, self.values) |parameter, found| {
            if (std.mem.eql(u8, @tagName(parameter.place), place) and std.mem.eql(u8, parameter.name, path[1].name)) return .{ .value = found, .used = 2 };
        }
        return .{ .value = null, .used = 2 };
    }
};

/// The answer's body as it is after the changes. Broken where a value cannot be made.
pub fn changed(answer: *Answer, tree: *const plan.Tree) evaluate.Error!Text {
    var out: std.ArrayList(u8) = .empty;
    try out.ensureTotalCapacity(answer.arena, answer.body.len);
    try write(answer, tree, answer.body, &out);
    return out.items;
}

fn write(answer: *Answer, tree: *const plan.Tree, value: Text, out: *std.ArrayList(u8)) evaluate.Error!void {
    switch (json.kind(value)) {
        .array => {
            var all = json.elements(value);
            var sign: u8 = '[';
            while (all.next()) |one| {
                try out.append(answer.arena, sign);
                sign = ',';
                try write(answer, tree, one, out);
            }
            try out.appendSlice(answer.arena, if (sign == '[') "[]" else "]");
        },
        .object => try writeObject(answer, tree, value, out),
        else => try out.appendSlice(answer.arena, value),
    }
}

fn writeObject(answer: *Answer, tree: *const plan.Tree, value: Text, out: *std.ArrayList(u8)) evaluate.Error!void {
    const arena = answer.arena;
    var sign: u8 = '{';
    var all = json.fields(value);
    while (all.next()) |one| {
        const change = named(tree, one.name);
        if (change == null and tree.only) continue;
        if (change) |found| if (found.name == null) continue;
        try out.append(arena, sign);
        sign = ',';
        if (change) |found| {
            try out.appendSlice(arena, found.name.?);
        } else {
            try out.append(arena, '"');
            try out.appendSlice(arena, one.name);
            try out.append(arena, '"');
        }
        try out.append(arena, ':');
        const below = if (change) |found| found.tree else null;
        if (below) |inner| try write(answer, inner, one.value, out) else try out.appendSlice(arena, one.value);
    }
    const evaluation = evaluate.Evaluation(*Answer){ .context = answer };
    for (tree.put) |*put| {
        const made = try evaluation.value(&put.value, null) orelse continue;
        try out.append(arena, sign);
        sign = ',';
        try out.appendSlice(arena, put.name);
        try out.append(arena, ':');
        try out.appendSlice(arena, made);
    }
    try out.appendSlice(arena, if (sign == '{') "{}" else "}");
}

fn named(tree: *const plan.Tree, raw: Text) ?*const plan.FieldChange {
    for (tree.fields) |*one| if (json.nameIs(raw, one.own)) return one;
    return null;
}

fn expectChanged(tree_text: Text, body: Text, expected: Text) !void {
    var arena = std.heap.ArenaAllocator.init(std.testing.allocator);
    defer arena.deinit();
    const tree = try plan.readTree(arena.allocator(), tree_text);
    var answer = Answer{
        .arena = arena.allocator(),
        .parameters = &.{},
        .values = &.{},
        .status = 201,
        .headers = &.{.{ .name = "x-a", .value = "b\"" }},
        .body = json.valid(body).?,
    };
    try std.testing.expectEqualStrings(expected, try changed(&answer, tree));
}

test "what is left out, renamed and put in" {
    const only =
        \\{"only":true,"fields":{"items":["orders",{"only":true,"fields":{"id":["id",null]},"put":[]}],"by":null},"put":[["by",["json","edge"]]]}
    ;
    try expectChanged(only, "{\"items\": [{\"id\": 1.50, \"secret\": {\"id\": 2}}, 7, [{\"id\":[]}]], \"by\": 1, \"x\": 2}",
        \\{"orders":[{"id":1.50},7,[{"id":[]}]],"by":"edge"}
    );
    try expectChanged(only, "{}", "{\"by\":\"edge\"}");
    try expectChanged(only, "[]", "[]");
    try expectChanged(only, "null", "null");
    const rest =
        \\{"only":false,"fields":{"secret":null,"a\"b":["c\"d",null]},"put":[["n",["get","response","status"]],["h",["get","response","headers","x-a"]],["m",["get","response","headers","x-b"]]]}
    ;
    try expectChanged(rest, "{\"\\u0073ecret\":1,\"a\\u0022b\":2,\"k\" : \"\\u00e4\",\"secret\":3}",
        \\{"c\"d":2,"k":"\u00e4","n":201,"h":"b\""}
    );
}
