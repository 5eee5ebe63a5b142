//! Whether a JSON value satisfies a schema of the plan, and what is wrong where if it does not.

const std = @import("std");
const evaluate = @import("evaluate.zig");
const json = @import("json.zig");
const numbers = @import("numbers.zig");
const plan = @import("plan.zig");
const steps = @import("steps.zig");

const Allocator = std.mem.Allocator;
const Text = []const u8;

/// Endless: the schema asks for more work than any sensible body needs.
pub const Error = error{ Endless, OutOfMemory };

/// So many schemas may be looked at within each other for one value.
const most_depth = 600;
/// Bytes that may be looked through for one request.
const most_work = 64 << 20;
/// So many things that are wrong are told.
pub const most_faults = 20;

pub const Fault = struct { pointer: Text, detail: Text };

/// Where a value stands: in what, and there under which name or index.
pub const Where = struct {
    outer: ?*const Where,
    step: union(enum) { name: Text, index: usize },
};

pub const Judge = struct {
    arena: Allocator,
    plan: *const plan.Plan,
    faults: std.ArrayList(Fault) = .empty,
    work: usize = 0,
    depth: usize = 0,

    const Place = union(enum) { silent, at: ?*const Where };

    /// Whether a value satisfies a schema; what is wrong is added to the faults.
    pub fn judge(self: *Judge, number: usize, value: Text) Error!bool {
        return self.check(number, value, .{ .at = null });
    }

    fn holds(self: *Judge, number: usize, value: Text) Error!bool {
        return self.check(number, value, .silent);
    }

    fn check(self: *Judge, number: usize, value: Text, place: Place) Error!bool {
        self.work += value.len;
        self.depth += 1;
        defer self.depth -= 1;
        if (self.depth > most_depth or self.work > most_work) return error.Endless;
        const schema = &self.plan.schemas[number];
        var good = true;
        if (schema.types) |types| if (!steps.isOfKind(value, types)) return self.wrong(place, try self.typesText(types));
        if (schema.values) |values| {
            const is_listed = for (values) |one| {
                if (try evaluate.equal(self.arena, one, value)) break true;
            } else false;
            if (!is_listed) good = try self.wrong(place, "must be one of the listed values");
        }
        switch (json.kind(value)) {
            .number => good = try self.numeric(schema, value, place) and good,
            .string => good = try self.textual(schema, value, place) and good,
            .array => good = try self.listed(schema, value, place) and good,
            .object => good = try self.structured(schema, value, place) and good,
            else => {},
        }
        for (schema.allOf) |one| good = try self.check(one, value, place) and good;
        if (schema.anyOf.len > 0) {
            const any = for (schema.anyOf) |one| {
                if (try self.holds(one, value)) break true;
            } else false;
            if (!any) good = if (schema.anyOf.len == 1) try self.check(schema.anyOf[0], value, place) else try self.wrong(place, "must be one of several forms, and is none");
        }
        if (schema.oneOf.len > 0) {
            var many: usize = 0;
            for (schema.oneOf) |one| many += @intFromBool(try self.holds(one, value));
            if (many != 1) good = try self.wrong(place, if (many == 0) "must be one of several forms, and is none" else "must be one of several forms, and is more than one");
        }
        if (schema.not) |one| if (try self.holds(one, value)) {
            good = try self.wrong(place, "is of a form that is shut out");
        };
        if (schema.@"if") |one| {
            const branch = if (try self.holds(one, value)) schema.then else schema.@"else";
            if (branch) |taken| good = try self.check(taken, value, place) and good;
        }
        return good;
    }

    fn numeric(self: *Judge, schema: *const plan.Schema, value: Text, place: Place) Error!bool {
        var good = true;
        if (schema.minimum) |bound| if (numbers.order(value, bound) == .lt) {
            good = try self.wrongBy(place, "must be at least {s}", .{bound});
        };
        if (schema.maximum) |bound| if (numbers.order(value, bound) == .gt) {
            good = try self.wrongBy(place, "must be at most {s}", .{bound});
        };
        if (schema.exclusiveMinimum) |bound| if (numbers.order(value, bound) != .gt) {
            good = try self.wrongBy(place, "must be more than {s}", .{bound});
        };
        if (schema.exclusiveMaximum) |bound| if (numbers.order(value, bound) != .lt) {
            good = try self.wrongBy(place, "must be less than {s}", .{bound});
        };
        if (schema.multipleOf) |unit| if (!numbers.isMultiple(value, unit)) {
            good = try self.wrongBy(place, "must be a multiple of {s}", .{unit});
        };
        return good;
    }

    fn textual(self: *Judge, schema: *const plan.Schema, value: Text, place: Place) Error!bool {
        var good = true;
        if (schema.minLength > 0 or schema.maxLength != null) {
            var size: usize = 0;
            var all = json.lettersOf(value);
            while (all.next() != null) size += 1;
            if (size < schema.minLength) good = try self.wrongBy(place, "must have at least {d} characters", .{schema.minLength});
            if (schema.maxLength) |most| if (size > most) {
                good = try self.wrongBy(place, "must have at most {d} characters", .{most});
            };
        }
        if (schema.pattern) |pattern| if (!matches(&self.plan.patterns[pattern], value)) {
            good = try self.wrong(place, "does not match the pattern");
        };
        return good;
    }

    fn listed(self: *Judge, schema: *const plan.Schema, value: Text, place: Place) Error!bool {
        var good = true;
        var size: usize = 0;
        var contained: usize = 0;
        var all = json.elements(value);
        while (all.next()) |one| : (size += 1) {
            const below = Where{ .outer = outer(place), .step = .{ .index = size } };
            const there: Place = if (place == .silent) .silent else .{ .at = &below };
            if (size < schema.prefixItems.len) {
                good = try self.check(schema.prefixItems[size], one, there) and good;
            } else if (schema.items) |item| {
                good = try self.check(item, one, there) and good;
            }
            if (schema.contains) |wanted| contained += @intFromBool(try self.holds(wanted, one));
            if (!good and self.isEnough(place)) return false;
        }
        if (size < schema.minItems) good = try self.wrongBy(place, "must have at least {d} items", .{schema.minItems});
        if (schema.maxItems) |most| if (size > most) {
            good = try self.wrongBy(place, "must have at most {d} items", .{most});
        };
        if (schema.contains != null) {
            const most = schema.maxContains orelse std.math.maxInt(usize);
            if (contained < schema.minContains or contained > most) good = try self.wrong(place, "has too few or too many items of one form");
        }
        if (schema.uniqueItems and !try isUnique(self.arena, value, size)) good = try self.wrong(place, "has equal items");
        return good;
    }

    fn structured(self: *Judge, schema: *const plan.Schema, value: Text, place: Place) Error!bool {
        var good = true;
        var size: usize = 0;
        var names: std.StringHashMapUnmanaged(void) = .empty;
        const kept = schema.required.len > 0 or schema.dependentRequired.len > 0 or schema.dependentSchemas.len > 0;
        var all = json.fields(value);
        while (all.next()) |field| : (size += 1) {
            const name = try json.unescaped(self.arena, field.name);
            if (kept) try names.put(self.arena, name, {});
            const below = Where{ .outer = outer(place), .step = .{ .name = name } };
            const there: Place = if (place == .silent) .silent else .{ .at = &below };
            if (schema.propertyNames) |form| {
                const written = (field.name.ptr - 1)[0 .. field.name.len + 2];
                if (!try self.holds(form, written)) good = try self.wrong(there, "is of a name that is not allowed");
            }
            var named = false;
            if (find(schema.properties, name)) |property| {
                named = true;
                good = try self.check(property, field.value, there) and good;
            }
            for (schema.patternProperties) |one| {
                const written = (field.name.ptr - 1)[0 .. field.name.len + 2];
                if (!matches(&self.plan.patterns[one.pattern], written)) continue;
                named = true;
                good = try self.check(one.schema, field.value, there) and good;
            }
            if (!named) if (schema.additionalProperties) |other| {
                if (self.isNothing(other)) {
                    good = try self.wrong(there, "is not declared, and nothing else is allowed");
                } else {
                    good = try self.check(other, field.value, there) and good;
                }
            };
            if (!good and self.isEnough(place)) return false;
        }
        for (schema.required) |name| if (!names.contains(name)) {
            good = try self.wrongBy(place, "lacks the required property {s}", .{name});
        };
        if (size < schema.minProperties) good = try self.wrongBy(place, "must have at least {d} properties", .{schema.minProperties});
        if (schema.maxProperties) |most| if (size > most) {
            good = try self.wrongBy(place, "must have at most {d} properties", .{most});
        };
        for (schema.dependentRequired) |one| {
            if (!names.contains(one.name)) continue;
            for (one.names) |other| if (!names.contains(other)) {
                good = try self.wrongBy(place, "lacks the property {s}, which {s} needs", .{ other, one.name });
            };
        }
        for (schema.dependentSchemas) |one| {
            if (names.contains(one.name)) good = try self.check(one.schema, value, place) and good;
        }
        return good;
    }

    fn isNothing(self: *Judge, number_of: usize) bool {
        const types = self.plan.schemas[number_of].types orelse return false;
        return types.count() == 0;
    }

    /// Whether nothing more is to be found out.
    fn isEnough(self: *Judge, place: Place) bool {
        return place == .silent or self.faults.items.len >= most_faults;
    }

    fn wrong(self: *Judge, place: Place, detail: Text) Error!bool {
        if (place == .at and self.faults.items.len < most_faults) {
            try self.faults.append(self.arena, .{ .pointer = try pointerTo(self.arena, place.at), .detail = detail });
        }
        return false;
    }

    fn wrongBy(self: *Judge, place: Place, comptime detail: Text, args: anytype) Error!bool {
        if (place == .silent or self.faults.items.len >= most_faults) return false;
        return self.wrong(place, try std.fmt.allocPrint(self.arena, detail, args));
    }

    fn typesText(self: *Judge, types: plan.Kinds) Error!Text {
        var out: std.ArrayList(u8) = .empty;
        try out.appendSlice(self.arena, "must be ");
        var all = types.iterator();
        var first = true;
        while (all.next()) |one| {
            if (!first) try out.appendSlice(self.arena, " or ");
            first = false;
            try out.appendSlice(self.arena, switch (one) {
                .object => "an object",
                .array => "a list",
                .string => "a text",
                .integer => "a whole number",
                .number => "a number",
                .boolean => "true or false",
                .null => "null",
            });
        }
        if (first) try out.appendSlice(self.arena, "left out");
        return out.items;
    }
};

fn outer(place: Judge.Place) ?*const Where {
    return switch (place) {
        .silent => null,
        .at => |where| where,
    };
}

/// A place as a JSON pointer (RFC 6901).
fn pointerTo(arena: Allocator, where: ?*const Where) error{OutOfMemory}!Text {
    var out: std.ArrayList(u8) = .empty;
    try writePointer(arena, &out, where);
    return out.items;
}

fn writePointer(arena: Allocator, out: *std.ArrayList(u8), where: ?*const Where) error{OutOfMemory}!void {
    const here = where orelse return;
    try writePointer(arena, out, here.outer);
    try out.append(arena, '/');
    switch (here.step) {
        .index => |index| try out.print(arena, "{d}", .{index}),
        .name => |name| for (name) |c| switch (c) {
            '~' => try out.appendSlice(arena, "~0"),
            '/' => try out.appendSlice(arena, "~1"),
            else => try out.append(arena, c),
        },
    }
}

fn find(properties: []const plan.Named, name: Text) ?usize {
    var low: usize = 0;
    var high = properties.len;
    while (low < high) {
        const middle = low + (high - low) / 2;
        switch (std.mem.order(u8, properties[middle].name, name)) {
            .eq => return properties[middle].schema,
            .lt => low = middle + 1,
            .gt => high = middle,
        }
    }
    return null;
}

/// Whether a string value matches a pattern.
pub fn matches(pattern: *const plan.Pattern, value: Text) bool {
    var state: usize = 0;
    var all = json.lettersOf(value);
    while (all.next()) |code| {
        const next = pattern.steps[state][classOf(pattern, code)];
        if (next < 0) return false;
        state = @intCast(next);
    }
    return pattern.good[state];
}

fn classOf(pattern: *const plan.Pattern, code: u21) u32 {
    var low: usize = 0;
    var high = pattern.starts.len;
    while (high - low > 1) {
        const middle = low + (high - low) / 2;
        if (pattern.starts[middle] <= code) low = middle else high = middle;
    }
    return pattern.classes[low];
}

/// Whether no two items are equal. Equal values have equal hashes, so few have to be compared.
fn isUnique(arena: Allocator, value: Text, size: usize) Error!bool {
    if (size < 2) return true;
    var seen: std.AutoHashMapUnmanaged(u64, Text) = .empty;
    var same: std.ArrayList(Text) = .empty;
    var all = json.elements(value);
    while (all.next()) |one| {
        const entry = try seen.getOrPut(arena, try hashOf(arena, one));
        if (!entry.found_existing) {
            entry.value_ptr.* = one;
            continue;
        }
        if (try evaluate.equal(arena, entry.value_ptr.*, one)) return false;
        for (same.items) |other| if (try evaluate.equal(arena, other, one)) return false;
        if (same.items.len > 1000) return error.Endless; // so many hashes do not meet by chance
        try same.append(arena, one);
    }
    return true;
}

/// The same for values that are equal.
fn hashOf(arena: Allocator, value: Text) error{OutOfMemory}!u64 {
    const seed: u64 = @intFromEnum(json.kind(value));
    switch (json.kind(value)) {
        .null => return seed,
        .boolean => return seed +% value[0],
        .number => return numbers.hash(value),
        .string => return std.hash.Wyhash.hash(seed, try json.textOf(arena, value)),
        .array => {
            var sum = seed;
            var all = json.elements(value);
            while (all.next()) |one| sum = (sum *% 0x9E3779B97F4A7C15) +% try hashOf(arena, one);
            return sum;
        },
        .object => {
            var sum = seed;
            var all = json.fields(value);
            while (all.next()) |one| {
                const name = std.hash.Wyhash.hash(seed, try json.unescaped(arena, one.name));
                sum +%= name ^ (try hashOf(arena, one.value) *% 0x9E3779B97F4A7C15);
            }
            return sum;
        },
    }
}

/// A name that stands twice in one object anywhere in a value: readers differ on what that means.
pub fn doubled(arena: Allocator, value: Text) error{OutOfMemory}!?Text {
    switch (json.kind(value)) {
        .array => {
            var all = json.elements(value);
            while (all.next()) |one| if (try doubled(arena, one)) |name| return name;
        },
        .object => {
            var names: std.StringHashMapUnmanaged(void) = .empty;
            var all = json.fields(value);
            while (all.next()) |one| {
                const name = try json.unescaped(arena, one.name);
                if ((try names.getOrPut(arena, name)).found_existing) return name;
                if (try doubled(arena, one.value)) |inner| return inner;
            }
        },
        else => {},
    }
    return null;
}
