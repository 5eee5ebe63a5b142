//! Plans, documents and answers that are made up, from a number, for tests.

const std = @import("std");
const json = @import("json.zig");
const plan = @import("plan.zig");
const world = @import("world.zig");

const Allocator = std.mem.Allocator;
const Text = []const u8;

const names = [_]Text{ "a", "b", "id", "", "\\u0061", "\u{e4}", "\\ud83d\\ude00", "\\\"" };
const read_names = [_]Text{ "a", "b", "id", "x" };
const scalars = [_]Text{
    "0",              "-0.0",       "1",      "1.0",   "12e-1", "1e400",   "123456789012345678901234567890",
    "0.1",            "-5",         "true",   "false", "null",  "\"\"",    "\"a\"",
    "\"\\u0000\\n\"", "\"\u{e4}\"", "\"..\"", "\"/\"", "\"b\"", "\"\\/\"", "\"\\ud83d\"",
};
const blanks = [_]Text{ "", "", "", " ", "\n\t" };
const operators = [_]Text{ "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in", "+" };
const odd = "{}[]\",:\\u0019eE+-. \n\x00\xff\xc3\xa4tfn";

pub const Maker = struct {
    arena: Allocator,
    prng: std.Random.DefaultPrng,

    pub fn of(arena: Allocator, seed: u64) Maker {
        return .{ .arena = arena, .prng = std.Random.DefaultPrng.init(seed) };
    }

    fn below(self: *Maker, most: usize) usize {
        return self.prng.random().uintLessThan(usize, most);
    }

    fn chance(self: *Maker, percent: usize) bool {
        return self.below(100) < percent;
    }

    fn one(self: *Maker, comptime of_these: []const Text) Text {
        return of_these[self.below(of_these.len)];
    }

    /// What a service may send: JSON mostly, sometimes with something broken in it.
    pub fn sent(self: *Maker) !Text {
        var out: std.ArrayList(u8) = .empty;
        try self.document(&out, 4);
        if (self.chance(2)) {
            const deep = 100 + self.below(60);
            var nested: std.ArrayList(u8) = .empty;
            try nested.appendNTimes(self.arena, '[', deep);
            try nested.appendSlice(self.arena, out.items);
            try nested.appendNTimes(self.arena, ']', deep);
            out = nested;
        }
        if (self.chance(80)) return out.items;
        for (0..1 + self.below(3)) |_| try self.damage(&out);
        return out.items;
    }

    fn damage(self: *Maker, out: *std.ArrayList(u8)) !void {
        if (out.items.len == 0) return out.append(self.arena, odd[self.below(odd.len)]);
        const at = self.below(out.items.len);
        switch (self.below(4)) {
            0 => out.items[at] = odd[self.below(odd.len)],
            1 => _ = out.orderedRemove(at),
            2 => try out.insert(self.arena, at, odd[self.below(odd.len)]),
            else => out.shrinkRetainingCapacity(at),
        }
    }

    fn document(self: *Maker, out: *std.ArrayList(u8), depth: usize) Allocator.Error!void {
        const arena = self.arena;
        try out.appendSlice(arena, self.one(&blanks));
        defer out.appendSlice(arena, self.one(&blanks)) catch {};
        if (depth == 0 or self.chance(30)) return out.appendSlice(arena, self.one(&scalars));
        const many = self.below(5);
        const is_list = self.chance(40);
        try out.append(arena, if (is_list) '[' else '{');
        for (0..many) |i| {
            if (i > 0) try out.append(arena, ',');
            if (!is_list) {
                try out.appendSlice(arena, self.one(&blanks));
                try out.print(arena, "\"{s}\"{s}:", .{ self.one(&names), self.one(&blanks) });
            }
            try self.document(out, depth - 1);
        }
        if (many == 0) try out.appendSlice(arena, self.one(&blanks));
        try out.append(arena, if (is_list) ']' else '}');
    }

    pub fn target(self: *Maker) !Text {
        const paths = [_]Text{ "/v/1", "/v/1", "/v/a", "/v/b", "/v/%20", "/v/%", "/v/", "/", "", "/v/a%2Fb", "/v/%ff", "*" };
        const queries = [_]Text{ "", "", "", "?x", "?", "?q=1", "?q=a&q=b", "?q=%zz", "?&&q", "?q=true&x=%C3%A4" };
        return std.mem.concat(self.arena, u8, &.{ self.one(&paths), self.one(&queries) });
    }

    pub fn headers(self: *Maker) ![]const world.Pair {
        const found = try self.arena.alloc(world.Pair, self.below(3));
        for (found) |*pair| pair.* = .{ .name = self.one(&.{ "h", "x-request-id", "accept" }), .value = self.one(&.{ "1", "", "\xff", "a\"" }) };
        return found;
    }

    /// What a service does to a call.
    pub fn answer(self: *Maker, _: *const plan.Step, _: usize) !world.Answer {
        if (self.chance(2)) return error.NoConnection;
        const statuses = [_]u32{ 200, 200, 200, 200, 204, 201, 404, 429, 500, 503, 301, 0, 999 };
        return .{
            .status = statuses[self.below(statuses.len)],
            .headers = try self.headers(),
            .body = if (self.chance(3)) null else try self.sent(),
            .took = self.below(300),
        };
    }

    /// A plan with one aggregate at `/v/{id}`, of one to four steps.
    pub fn planText(self: *Maker) !Text {
        var out: std.ArrayList(u8) = .empty;
        const arena = self.arena;
        try out.print(arena,
            \\{{"version":1,"schemas":[],"patterns":[],"routes":{{"r":{{"path":[["v"],["","id",""]],"aggregate":"whole"}}}},
            \\"aggregates":{{"whole":{{"deadline":{d},"max_concurrent":null,"max_body":1000,"forward":["h"],"body":"{s}",
            \\"parameters":[{{"in":"path","name":"id","kinds":["integer","string"],"required":true}},
            \\{{"in":"query","name":"q","kinds":["{s}"],"required":false}},{{"in":"headers","name":"h","kinds":["string"],"required":false}}],
            \\"steps":[
        , .{ 50 + self.below(500), self.one(&.{ "none", "optional", "optional", "required" }), self.one(&.{ "array", "string", "boolean" }) });
        const steps = 1 + self.below(4);
        for (0..steps) |i| {
            if (i > 0) try out.append(arena, ',');
            try self.step(&out, i);
        }
        try out.appendSlice(arena, "],\"response\":{\"status\":200,\"headers\":[[\"x-a\",\"b\"]],\"body\":[\"object\"");
        for (0..1 + self.below(3)) |i| {
            try out.print(arena, ",[\"f{d}\",", .{i});
            try self.value(&out, 3, steps, 0);
            try out.append(arena, ']');
        }
        try out.appendSlice(arena, "]}}}}");
        return out.items;
    }

    fn step(self: *Maker, out: *std.ArrayList(u8), index: usize) !void {
        const arena = self.arena;
        try out.print(arena, "{{\"name\":\"s{d}\",\"clusters\":[{{\"name\":\"c\",\"weight\":1}}],\"method\":\"GET\",\"prefix\":\"{s}\",", .{ index, self.one(&.{ "", "/p" }) });
        try out.appendSlice(arena, "\"path\":[[\"x\"],[\"\",\"id\",\"\"]],\"inputs\":{\"path\":{\"id\":");
        if (self.chance(80)) try out.appendSlice(arena, "[\"json\",\"k/\"]") else try self.value(out, 1, index, 0);
        try out.appendSlice(arena, "},\"query\":[[\"q\",");
        if (self.chance(60)) try out.appendSlice(arena, "[\"json\",null]") else try self.value(out, 2, index, 0);
        try out.appendSlice(arena, "]],\"headers\":[],\"body\":");
        if (self.chance(30)) try self.value(out, 3, index, 0) else try out.appendSlice(arena, "null");
        try out.print(arena, "}},\"good\":[\"{s}\"],\"timeout\":{d},\"retries\":{d},\"max_body\":10000,\"after\":[", .{ self.one(&.{ "200", "2XX" }), 20 + self.below(300), self.below(3) });
        for (0..index) |before| try out.print(arena, "{s}\"s{d}\"", .{ if (before > 0) "," else "", before });
        try out.appendSlice(arena, "],\"when\":");
        if (self.chance(20)) try self.condition(out, 2, index, 0) else try out.appendSlice(arena, "null");
        try out.appendSlice(arena, ",\"for_each\":");
        if (self.chance(30)) try self.value(out, 2, index, 0) else try out.appendSlice(arena, "null");
        try out.print(arena, ",\"max\":{d},\"on_excess\":\"{s}\",\"concurrency\":{d},\"optional\":{s},\"fallback\":{s},\"expect\":[", .{
            1 + self.below(4),                               self.one(&.{ "cut", "fail" }),         1 + self.below(3),
            self.one(&.{ "true", "true", "true", "false" }), self.one(&.{ "null", "{\"a\":[1]}" }),
        });
        if (self.chance(30)) try out.print(arena, "{{\"path\":[\"{s}\",\"*\"],\"kinds\":[\"{s}\"],\"absent\":{s}}}", .{
            self.one(&read_names), self.one(&.{ "object", "integer", "null" }), self.one(&.{ "true", "false" }),
        });
        try out.appendSlice(arena, "]}");
    }

    /// A VALUE that reads of the first `steps` steps and of so many variables.
    fn value(self: *Maker, out: *std.ArrayList(u8), depth: usize, steps: usize, variables: usize) Allocator.Error!void {
        const arena = self.arena;
        if (depth == 0 or self.chance(40)) return self.get(out, steps, variables);
        switch (self.below(12)) {
            0 => try out.print(arena, "[\"json\",{s}]", .{self.one(&scalars)}),
            1, 2 => {
                try out.appendSlice(arena, "[\"object\"");
                for (0..self.below(4)) |i| {
                    try out.print(arena, ",[\"{s}{d}\",", .{ self.one(&names), i });
                    try self.value(out, depth - 1, steps, variables);
                    try out.append(arena, ']');
                }
                try out.append(arena, ']');
            },
            3 => try self.call(out, self.one(&.{ "text", "list" }), self.below(3), depth, steps, variables),
            4 => try self.call(out, "size", 1, depth, steps, variables),
            5, 6 => {
                try out.appendSlice(arena, "[\"?\",");
                try self.condition(out, depth - 1, steps, variables);
                for (0..2) |_| {
                    try out.append(arena, ',');
                    try self.value(out, depth - 1, steps, variables);
                }
                try out.append(arena, ']');
            },
            7, 8 => {
                const filters = self.chance(50);
                try out.print(arena, "[\"{s}\",", .{if (filters) "filter" else "map"});
                try self.value(out, depth - 1, steps, variables);
                try out.print(arena, ",\"v{d}\",", .{variables});
                if (filters) try self.condition(out, depth - 1, steps, variables + 1) else try self.value(out, depth - 1, steps, variables + 1);
                try out.append(arena, ']');
            },
            9 => try self.call(out, self.one(&operators), 2, depth, steps, variables),
            else => try self.condition(out, depth, steps, variables),
        }
    }

    /// A VALUE that is true or false, mostly.
    fn condition(self: *Maker, out: *std.ArrayList(u8), depth: usize, steps: usize, variables: usize) Allocator.Error!void {
        if (depth == 0) return out.print(self.arena, "[\"json\",{s}]", .{self.one(&.{ "true", "true", "false" })});
        switch (self.below(8)) {
            0, 1 => try self.call(out, "has", 1, depth, steps, variables),
            2, 3, 4 => try self.call(out, self.one(&.{ "==", "!=" }), 2, depth, steps, variables),
            5 => try self.call(out, self.one(&.{ "<", "in" }), 2, depth, steps, variables),
            6 => {
                try out.appendSlice(self.arena, "[\"!\",");
                try self.condition(out, depth - 1, steps, variables);
                try out.append(self.arena, ']');
            },
            else => {
                try out.print(self.arena, "[\"{s}\",", .{self.one(&.{ "&&", "||" })});
                try self.condition(out, depth - 1, steps, variables);
                try out.append(self.arena, ',');
                try self.condition(out, depth - 1, steps, variables);
                try out.append(self.arena, ']');
            },
        }
    }

    fn call(self: *Maker, out: *std.ArrayList(u8), name: Text, many: usize, depth: usize, steps: usize, variables: usize) Allocator.Error!void {
        try out.print(self.arena, "[\"{s}\"", .{name});
        for (0..many) |_| {
            try out.append(self.arena, ',');
            try self.value(out, depth - 1, steps, variables);
        }
        try out.append(self.arena, ']');
    }

    fn get(self: *Maker, out: *std.ArrayList(u8), steps: usize, variables: usize) Allocator.Error!void {
        const arena = self.arena;
        const kind = self.below(5);
        if (kind == 0 and variables > 0) {
            try out.print(arena, "[\"get\",\"v{d}\"", .{self.below(variables)});
        } else if (kind < 4 and steps > 0) {
            try out.print(arena, "[\"get\",\"s{d}\"", .{self.below(steps)});
            if (self.chance(80)) try out.print(arena, ",\"{s}\"", .{self.one(&.{ "body", "body", "body", "status", "headers" })});
        } else {
            try out.print(arena, "[\"get\",\"request\",{s}", .{self.one(&.{ "\"path\",\"id\"", "\"query\",\"q\"", "\"headers\",\"h\"", "\"body\"", "\"query\"" })});
        }
        for (0..self.below(3)) |_| {
            if (self.chance(30)) {
                try out.print(arena, ",{d}", .{self.below(3)});
            } else try out.print(arena, ",\"{s}\"", .{self.one(&read_names)});
        }
        try out.append(arena, ']');
    }
};

/// That the scanner finds in a text what another reader finds, and can walk through all of it.
pub fn agrees(arena: Allocator, text: Text) !void {
    const found = json.valid(text);
    const other = std.json.validate(arena, text) catch false;
    if ((found != null) != other and !isSpecial(text)) {
        std.debug.print("{s}\n", .{text});
        return error.ReadersDisagree;
    }
    if (found) |value| try walk(arena, value);
}

/// Whether readers may differ: on halves of surrogate pairs, and on what is deep.
pub fn isSpecial(text: Text) bool {
    return std.mem.indexOf(u8, text, "\\ud") != null or std.mem.count(u8, text, "[") + std.mem.count(u8, text, "{") > json.max_depth;
}

fn walk(arena: Allocator, value: Text) !void {
    if (json.valid(value) == null) return error.PartIsNotJson;
    switch (json.kind(value)) {
        .object => {
            var all = json.fields(value);
            while (all.next()) |one| {
                const name = try json.unescaped(arena, one.name);
                if (!json.nameIs(one.name, name)) return error.NameIsNotItself;
                if (json.field(value, name) == null) return error.NameIsNotFound;
                try walk(arena, one.value);
            }
        },
        .array => {
            var all = json.elements(value);
            while (all.next()) |one| try walk(arena, one);
        },
        .string => {
            const said = try json.textOf(arena, value);
            const again = try json.quoted(arena, said);
            if (!std.mem.eql(u8, said, try json.textOf(arena, again))) return error.TextIsNotItself;
        },
        else => {},
    }
}
