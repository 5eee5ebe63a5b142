//! Values of a plan: what an expression comes to, as JSON text. Absent is null; most are slices of what a service sent.
//!
//! A `context` has `arena`; `root(name, path)`, which gives what a name stands for and how much of the path that took;
//! and `spend(bytes)`, which is told of every text that is looked through, and fails where that becomes too much.

const std = @import("std");
const json = @import("json.zig");
const numbers = @import("numbers.zig");
const plan = @import("plan.zig");

const Expr = plan.Expr;
const Text = []const u8;

/// Broken: what must be there is absent, or of another type, though the compiler saw to it.
pub const Error = error{ Broken, OutOfMemory };

pub const Found = struct { value: ?Text, used: usize };

/// What `map` and `filter` name their element.
pub const Variable = struct { name: Text, value: Text, outer: ?*const Variable };

pub fn Evaluation(comptime Context: type) type {
    return struct {
        context: Context,

        const Self = @This();

        pub fn value(self: Self, expr: *const Expr, variables: ?*const Variable) Error!?Text {
            return switch (expr.*) {
                .json => |said| said,
                .get => |get| try self.follow(get.root, get.path, variables),
                .text, .object, .list, .each => {
                    var out: std.ArrayList(u8) = .empty;
                    try self.write(expr, variables, &out);
                    return out.items;
                },
                .has => |of| {
                    const found = try self.value(of, variables);
                    return truth(found != null and !json.isNull(found.?));
                },
                .size => |of| try self.size(try self.present(of, variables)),
                .not => |of| truth(!try self.holds(of, variables)),
                .binary => |b| try self.binary(b.op, b.left, b.right, variables),
                .choice => |c| {
                    const taken = if (try self.holds(c.@"test", variables)) c.then else c.otherwise;
                    return self.value(taken, variables);
                },
            };
        }

        /// Write the value; Broken where it is absent.
        pub fn write(self: Self, expr: *const Expr, variables: ?*const Variable, out: *std.ArrayList(u8)) Error!void {
            const arena = self.context.arena;
            switch (expr.*) {
                .text => |parts| {
                    var joined: std.ArrayList(u8) = .empty;
                    for (parts) |*part| try joined.appendSlice(arena, try self.plain(try self.value(part, variables)));
                    try json.writeText(arena, out, joined.items);
                },
                .object => |fields| {
                    try out.append(arena, '{');
                    var first = true;
                    for (fields) |*field| {
                        const made = if (isMade(&field.value)) null else try self.value(&field.value, variables) orelse continue;
                        if (!first) try out.append(arena, ',');
                        first = false;
                        try json.writeText(arena, out, field.name);
                        try out.append(arena, ':');
                        if (made) |found| try out.appendSlice(arena, found) else try self.write(&field.value, variables, out);
                    }
                    try out.append(arena, '}');
                },
                .list => |items| {
                    try out.append(arena, '[');
                    for (items, 0..) |*item, i| {
                        if (i > 0) try out.append(arena, ',');
                        try self.write(item, variables, out);
                    }
                    try out.append(arena, ']');
                },
                .each => |each| {
                    const of = try self.present(each.of, variables);
                    if (json.kind(of) != .array) return error.Broken;
                    try out.append(arena, '[');
                    var all = json.elements(of);
                    var first = true;
                    while (all.next()) |one| {
                        const variable = Variable{ .name = each.variable, .value = one, .outer = variables };
                        if (each.filter and !try self.holds(each.body, &variable)) continue;
                        if (!first) try out.append(arena, ',');
                        first = false;
                        if (each.filter) try out.appendSlice(arena, one) else try self.write(each.body, &variable, out);
                    }
                    try out.append(arena, ']');
                },
                else => try out.appendSlice(arena, try self.present(expr, variables)),
            }
        }

        /// Whether a condition holds.
        pub fn holds(self: Self, expr: *const Expr, variables: ?*const Variable) Error!bool {
            const found = try self.present(expr, variables);
            try self.context.spend(1);
            if (json.kind(found) != .boolean) return error.Broken;
            return found[0] == 't';
        }

        fn present(self: Self, expr: *const Expr, variables: ?*const Variable) Error!Text {
            return try self.value(expr, variables) orelse error.Broken;
        }

        fn follow(self: Self, root: plan.Root, path: []const plan.Part, variables: ?*const Variable) Error!?Text {
            var rest = path;
            var at: ?Text = switch (root) {
                .value => |of| try self.value(of, variables),
                .name => |name| named: {
                    var inner = variables;
                    while (inner) |one| : (inner = one.outer) {
                        if (std.mem.eql(u8, one.name, name)) break :named one.value;
                    }
                    const found = try self.context.root(name, path);
                    rest = path[found.used..];
                    break :named found.value;
                },
            };
            for (rest) |part| {
                const holder = at orelse return null;
                try self.context.spend(holder.len);
                at = switch (part) {
                    .name => |name| json.field(holder, name),
                    .index => |index| json.element(holder, index),
                    .each => return error.Broken,
                };
            }
            return at;
        }

        /// A text as it is, numbers and truth values as they are written: nothing else belongs into a text.
        pub fn plain(self: Self, found: ?Text) Error!Text {
            const said = found orelse return error.Broken;
            return switch (json.kind(said)) {
                .string => try json.textOf(self.context.arena, said),
                .number, .boolean => said,
                else => error.Broken,
            };
        }

        fn size(self: Self, of: Text) Error!Text {
            var n: usize = 0;
            switch (json.kind(of)) {
                .string => {
                    var all = json.lettersOf(of);
                    while (all.next() != null) n += 1;
                },
                .array => n = json.count(of),
                else => return error.Broken,
            }
            return std.fmt.allocPrint(self.context.arena, "{d}", .{n});
        }

        fn binary(self: Self, op: plan.Operator, a: *const Expr, b: *const Expr, variables: ?*const Variable) Error!Text {
            switch (op) {
                .both => return truth(try self.holds(a, variables) and try self.holds(b, variables)),
                .either => return truth(try self.holds(a, variables) or try self.holds(b, variables)),
                .eq, .ne => {
                    const left = try self.value(a, variables) orelse "null";
                    const right = try self.value(b, variables) orelse "null";
                    try self.context.spend(left.len + right.len);
                    return truth(try equal(self.context.arena, left, right) == (op == .eq));
                },
                else => {},
            }
            const left = try self.present(a, variables);
            const right = try self.present(b, variables);
            if (op == .add) {
                if (json.kind(left) != .string or json.kind(right) != .string) return error.Broken;
                return std.mem.concat(self.context.arena, u8, &.{ left[0 .. left.len - 1], right[1..] });
            }
            if (op == .in) {
                if (json.kind(right) != .array) return error.Broken;
                try self.context.spend(right.len);
                var all = json.elements(right);
                while (all.next()) |one| if (try equal(self.context.arena, left, one)) return truth(true);
                return truth(false);
            }
            const order = try self.compare(left, right);
            return truth(switch (op) {
                .lt => order == .lt,
                .le => order != .gt,
                .gt => order == .gt,
                .ge => order != .lt,
                else => unreachable, // all others were seen to above
            });
        }

        fn compare(self: Self, a: Text, b: Text) Error!std.math.Order {
            if (json.kind(a) == .number and json.kind(b) == .number) return numbers.order(a, b);
            if (json.kind(a) != .string or json.kind(b) != .string) return error.Broken;
            // The order of code points is that of their bytes in UTF-8.
            return std.mem.order(u8, try json.textOf(self.context.arena, a), try json.textOf(self.context.arena, b));
        }
    };
}

/// Whether the value is put together, and so never absent.
fn isMade(expr: *const Expr) bool {
    return switch (expr.*) {
        .text, .object, .list, .each, .json => true,
        else => false,
    };
}

fn truth(holds: bool) Text {
    return if (holds) "true" else "false";
}

/// Whether two values are equal as JSON Schema has it: numbers by value, objects whatever their order.
pub fn equal(arena: std.mem.Allocator, a: Text, b: Text) error{OutOfMemory}!bool {
    if (json.kind(a) != json.kind(b)) return false;
    switch (json.kind(a)) {
        .null => return true,
        .boolean => return a[0] == b[0],
        .number => return numbers.order(a, b) == .eq,
        .string => return std.mem.eql(u8, try json.textOf(arena, a), try json.textOf(arena, b)),
        .array => {
            var left = json.elements(a);
            var right = json.elements(b);
            while (true) {
                const one = left.next();
                const other = right.next();
                if (one == null or other == null) return one == null and other == null;
                if (!try equal(arena, one.?, other.?)) return false;
            }
        },
        .object => {
            const left = try byName(arena, a);
            const right = try byName(arena, b);
            if (left.count() != right.count()) return false;
            var all = left.iterator();
            while (all.next()) |one| {
                const other = right.get(one.key_ptr.*) orelse return false;
                if (!try equal(arena, one.value_ptr.*, other)) return false;
            }
            return true;
        },
    }
}

/// The fields of an object by name, the last one of each.
fn byName(arena: std.mem.Allocator, object: Text) error{OutOfMemory}!std.StringHashMapUnmanaged(Text) {
    var found: std.StringHashMapUnmanaged(Text) = .empty;
    var all = json.fields(object);
    while (all.next()) |one| try found.put(arena, try json.unescaped(arena, one.name), one.value);
    return found;
}
