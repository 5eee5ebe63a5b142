//! The plan that the compiler made, read once when Envoy configures the filter. docs/payload-plan.md describes it.

const std = @import("std");
const json = @import("json.zig");

const Allocator = std.mem.Allocator;
pub const Error = error{ BadPlan, OutOfMemory };

pub const Plan = struct {
    routes: std.StringHashMapUnmanaged(Route),
    aggregates: []Aggregate,
    schemas: []Schema,
    patterns: []Pattern,
};

pub const Route = struct {
    path: Path,
    check: ?Check,
    shape: ?Shape,
    aggregate: ?*Aggregate,
    /// The largest body of an aggregate's answer.
    max_response: ?usize,
    /// Headers of an aggregate's answer that policies of the route see to.
    without: []const []const u8,
};

/// Segments, each of literals and parameters' names in turn, beginning with a literal.
pub const Path = []const []const []const u8;

pub const Kinds = std.EnumSet(Kind);
pub const Kind = enum { object, array, string, integer, number, boolean, null };
pub const Place = enum { path, query, headers };

pub const Parameter = struct { place: Place, name: []const u8, kinds: Kinds, required: bool };

pub const Aggregate = struct {
    name: []const u8,
    deadline: u32,
    max_concurrent: ?u32,
    max_body: usize,
    forward: []const []const u8,
    parameters: []const Parameter,
    body: enum { none, optional, required },
    steps: []Step,
    status: u32,
    headers: []const [2][]const u8,
    response: Expr,
    /// What Envoy calls the numbers that are kept of it: one for each way in which it may come out, and durations.
    counters: [5]u32 = @splat(0),
    duration: u32 = 0,
};

pub const Cluster = struct { name: []const u8, weight: u32, prefix: []const u8 };
pub const Input = struct { name: []const u8, value: Expr };
pub const Expected = struct { path: []const Part, kinds: Kinds, absent: bool };

pub const Step = struct {
    name: []const u8,
    clusters: []const Cluster,
    weight: u32,
    method: []const u8,
    path: Path,
    path_inputs: []const Input,
    query: []const Input,
    headers: []const Input,
    body: ?Expr,
    /// 200, or 2 for all of 200 to 299.
    good: []const u32,
    timeout: u32,
    retries: u32,
    max_body: usize,
    after: []const usize,
    when: ?Expr,
    for_each: ?Expr,
    max: usize,
    cut: bool,
    concurrency: usize,
    optional: bool,
    fallback: []const u8,
    expect: []const Expected,
    /// What Envoy calls the numbers that are kept of it.
    calls: u32 = 0,
    failures: u32 = 0,
    timeouts: u32 = 0,
    duration: u32 = 0,
};

/// A step of a path into a value; `each` stands for all elements of a list.
pub const Part = union(enum) { name: []const u8, index: usize, each };

pub const Expr = union(enum) {
    json: []const u8,
    get: struct { root: Root, path: []const Part },
    text: []const Expr,
    object: []const Input,
    list: []const Expr,
    has: *const Expr,
    size: *const Expr,
    not: *const Expr,
    binary: struct { op: Operator, left: *const Expr, right: *const Expr },
    choice: struct { @"test": *const Expr, then: *const Expr, otherwise: *const Expr },
    each: struct { filter: bool, of: *const Expr, variable: []const u8, body: *const Expr },
};

pub const Root = union(enum) { name: []const u8, value: *const Expr };
pub const Operator = enum { eq, ne, lt, le, gt, ge, both, either, in, add };

const operators = std.StaticStringMap(Operator).initComptime(.{
    .{ "==", .eq },   .{ "!=", .ne },     .{ "<", .lt },  .{ "<=", .le }, .{ ">", .gt }, .{ ">=", .ge },
    .{ "&&", .both }, .{ "||", .either }, .{ "in", .in }, .{ "+", .add },
});

pub const Check = struct {
    parameters: []const CheckedParameter,
    body: ?CheckedBody,
    max_body: usize,
};

/// What becomes of a service's answers, and of what it is asked.
pub const Shape = struct {
    tree: ?*const Tree,
    /// The changes of a request's body, by the client's names.
    request: ?*const Tree,
    replaces_errors: bool,
    max_body: usize,
    max_response: ?usize,
    /// What the values that are put in read of a request.
    parameters: []const Parameter,
    /// Whether any of these is more than a constant.
    computes: bool,
};

/// What becomes of an object, and of each object of a list. Names that are written are JSON, quotes and all.
pub const Tree = struct { only: bool, fields: []const FieldChange, put: []const Input };
pub const FieldChange = struct { own: []const u8, name: ?[]const u8, tree: ?*const Tree };

pub const Style = enum { simple, label, matrix, form, spaceDelimited, pipeDelimited, deepObject, json };

pub const CheckedParameter = struct {
    place: enum { path, query, header, cookie },
    name: []const u8,
    required: bool,
    may_be_empty: bool,
    style: Style,
    explode: bool,
    scalar: ?Kinds,
    elements: ?Kinds,
    fields: ?[]const FieldKinds,
    schema: ?usize,
};

pub const FieldKinds = struct { name: []const u8, kinds: Kinds };
pub const CheckedBody = struct { required: bool, media: []const Media };
pub const Media = struct { essence: []const u8, schema: ?usize };

pub const Pattern = struct {
    starts: []const u32,
    classes: []const u32,
    steps: []const []const i32,
    good: []const bool,
};

pub const Named = struct { name: []const u8, schema: usize };
pub const Dependent = struct { name: []const u8, names: []const []const u8 };
pub const Patterned = struct { pattern: usize, schema: usize };

/// A schema; numbers of others in its fields. Texts of numbers are as the document has them.
pub const Schema = struct {
    types: ?Kinds = null,
    values: ?[]const []const u8 = null,
    minimum: ?[]const u8 = null,
    maximum: ?[]const u8 = null,
    exclusiveMinimum: ?[]const u8 = null,
    exclusiveMaximum: ?[]const u8 = null,
    multipleOf: ?[]const u8 = null,
    minLength: usize = 0,
    maxLength: ?usize = null,
    pattern: ?usize = null,
    minItems: usize = 0,
    maxItems: ?usize = null,
    uniqueItems: bool = false,
    prefixItems: []const usize = &.{},
    items: ?usize = null,
    contains: ?usize = null,
    minContains: usize = 1,
    maxContains: ?usize = null,
    minProperties: usize = 0,
    maxProperties: ?usize = null,
    required: []const []const u8 = &.{},
    properties: []const Named = &.{},
    patternProperties: []const Patterned = &.{},
    additionalProperties: ?usize = null,
    propertyNames: ?usize = null,
    dependentRequired: []const Dependent = &.{},
    dependentSchemas: []const Named = &.{},
    allOf: []const usize = &.{},
    anyOf: []const usize = &.{},
    oneOf: []const usize = &.{},
    not: ?usize = null,
    @"if": ?usize = null,
    then: ?usize = null,
    @"else": ?usize = null,
};

/// Read a plan. All of it, and what it keeps of `source`, lives in the arena and in `source`.
pub fn read(arena: Allocator, source: []const u8) Error!Plan {
    const root = json.valid(source) orelse return error.BadPlan;
    if (try number(u32, try need(root, "version")) != 1) return error.BadPlan;
    const reader = Reader{ .arena = arena };
    const named = try need(root, "aggregates");
    const aggregates = try arena.alloc(Aggregate, countFields(named));
    var all = json.fields(named);
    for (aggregates) |*one| {
        const found = all.next() orelse return error.BadPlan;
        one.* = try reader.aggregate(try json.unescaped(arena, found.name), found.value);
    }
    var plan = Plan{
        .routes = .empty,
        .aggregates = aggregates,
        .schemas = try reader.list(Schema, try need(root, "schemas"), Reader.schema),
        .patterns = try reader.list(Pattern, try need(root, "patterns"), Reader.pattern),
    };
    var routes = json.fields(try need(root, "routes"));
    while (routes.next()) |found| {
        const route = try reader.route(found.value, aggregates);
        try plan.routes.put(arena, try json.unescaped(arena, found.name), route);
    }
    return plan;
}

/// The changes of a body alone, for tests.
pub fn readTree(arena: Allocator, source: []const u8) Error!*const Tree {
    const reader = Reader{ .arena = arena };
    return reader.tree(json.valid(source) orelse return error.BadPlan);
}

fn need(object: []const u8, name: []const u8) Error![]const u8 {
    return json.field(object, name) orelse error.BadPlan;
}

/// A field that is there and not null.
fn given(object: []const u8, name: []const u8) ?[]const u8 {
    const found = json.field(object, name) orelse return null;
    return if (json.isNull(found)) null else found;
}

fn number(comptime T: type, value: []const u8) Error!T {
    return std.fmt.parseInt(T, value, 10) catch error.BadPlan;
}

fn truth(value: []const u8) bool {
    return value[0] == 't';
}

fn countFields(object: []const u8) usize {
    var all = json.fields(object);
    var n: usize = 0;
    while (all.next() != null) n += 1;
    return n;
}

const Reader = struct {
    arena: Allocator,

    fn list(self: Reader, comptime T: type, value: []const u8, comptime one: fn (Reader, []const u8) Error!T) Error![]T {
        const made = try self.arena.alloc(T, json.count(value));
        var all = json.elements(value);
        for (made) |*item| item.* = try one(self, all.next() orelse return error.BadPlan);
        return made;
    }

    fn text(self: Reader, value: []const u8) Error![]const u8 {
        return json.textOf(self.arena, value);
    }

    fn texts(self: Reader, value: []const u8) Error![]const []const u8 {
        return self.list([]const u8, value, Reader.text);
    }

    fn enumeration(self: Reader, comptime T: type, value: []const u8) Error!T {
        return std.meta.stringToEnum(T, try self.text(value)) orelse error.BadPlan;
    }

    fn kinds(self: Reader, value: []const u8) Error!Kinds {
        var found = Kinds{};
        var all = json.elements(value);
        while (all.next()) |one| found.insert(try self.enumeration(Kind, one));
        return found;
    }

    fn path(self: Reader, value: []const u8) Error!Path {
        return self.list([]const []const u8, value, Reader.texts);
    }

    fn route(self: Reader, value: []const u8, aggregates: []Aggregate) Error!Route {
        var found: ?*Aggregate = null;
        if (given(value, "aggregate")) |said| {
            const name = try self.text(said);
            for (aggregates) |*one| {
                if (std.mem.eql(u8, one.name, name)) found = one;
            }
            if (found == null) return error.BadPlan;
        }
        return .{
            .path = try self.path(try need(value, "path")),
            .check = if (given(value, "check")) |asked| try self.check(asked) else null,
            .shape = if (given(value, "shape")) |asked| try self.shape(asked) else null,
            .aggregate = found,
            .max_response = if (given(value, "max_response")) |most| try number(usize, most) else null,
            .without = if (given(value, "without")) |names_of| try self.texts(names_of) else &.{},
        };
    }

    fn shape(self: Reader, value: []const u8) Error!Shape {
        const changes = if (given(value, "tree")) |said| try self.tree(said) else null;
        return .{
            .tree = changes,
            .request = if (given(value, "request")) |said| try self.tree(said) else null,
            .replaces_errors = std.mem.eql(u8, try self.text(try need(value, "errors")), "replace"),
            .max_body = try number(usize, try need(value, "max_body")),
            .max_response = if (given(value, "max_response")) |most| try number(usize, most) else null,
            .parameters = try self.list(Parameter, try need(value, "parameters"), Reader.parameter),
            .computes = if (changes) |found| computes(found) else false,
        };
    }

    fn tree(self: Reader, value: []const u8) Error!*const Tree {
        const listed = try need(value, "fields");
        const changes = try self.arena.alloc(FieldChange, countFields(listed));
        var all = json.fields(listed);
        for (changes) |*one| {
            const found = all.next() orelse return error.BadPlan;
            one.* = .{ .own = try json.unescaped(self.arena, found.name), .name = null, .tree = null };
            if (json.isNull(found.value)) continue;
            one.name = json.element(found.value, 0) orelse return error.BadPlan;
            const inner = json.element(found.value, 1) orelse return error.BadPlan;
            if (!json.isNull(inner)) one.tree = try self.tree(inner);
        }
        const values = try self.list(Input, try need(value, "put"), Reader.written);
        const made = try self.arena.create(Tree);
        made.* = .{ .only = truth(try need(value, "only")), .fields = changes, .put = values };
        return made;
    }

    fn written(self: Reader, value: []const u8) Error!Input {
        const name = json.element(value, 0) orelse return error.BadPlan;
        return .{ .name = name, .value = try self.expr(json.element(value, 1) orelse return error.BadPlan) };
    }

    fn computes(tree_of: *const Tree) bool {
        for (tree_of.put) |one| if (one.value != .json) return true;
        for (tree_of.fields) |one| if (one.tree) |inner| if (computes(inner)) return true;
        return false;
    }

    fn aggregate(self: Reader, name: []const u8, value: []const u8) Error!Aggregate {
        const response = try need(value, "response");
        const listed = try need(value, "steps");
        const steps = try self.arena.alloc(Step, json.count(listed));
        var all = json.elements(listed);
        for (steps, 0..) |*one, i| one.* = try self.step(all.next() orelse return error.BadPlan, steps[0..i]);
        return .{
            .name = name,
            .deadline = try number(u32, try need(value, "deadline")),
            .max_concurrent = if (given(value, "max_concurrent")) |most| try number(u32, most) else null,
            .max_body = try number(usize, try need(value, "max_body")),
            .forward = try self.texts(try need(value, "forward")),
            .parameters = try self.list(Parameter, try need(value, "parameters"), Reader.parameter),
            .body = try self.enumeration(@FieldType(Aggregate, "body"), try need(value, "body")),
            .steps = steps,
            .status = try number(u32, try need(response, "status")),
            .headers = try self.list([2][]const u8, try need(response, "headers"), Reader.pair),
            .response = try self.expr(try need(response, "body")),
        };
    }

    fn pair(self: Reader, value: []const u8) Error![2][]const u8 {
        const found = try self.texts(value);
        return if (found.len == 2) found[0..2].* else error.BadPlan;
    }

    fn parameter(self: Reader, value: []const u8) Error!Parameter {
        return .{
            .place = try self.enumeration(Place, try need(value, "in")),
            .name = try self.text(try need(value, "name")),
            .kinds = try self.kinds(try need(value, "kinds")),
            .required = truth(try need(value, "required")),
        };
    }

    fn step(self: Reader, value: []const u8, before: []const Step) Error!Step {
        const inputs = try need(value, "inputs");
        const prefix = try self.text(try need(value, "prefix"));
        const clusters = try self.list(Cluster, try need(value, "clusters"), Reader.cluster);
        var weight: u32 = 0;
        for (clusters) |*one| {
            weight += one.weight;
            if (one.prefix.len == 1 and one.prefix[0] == 0) one.prefix = prefix;
        }
        if (weight == 0) return error.BadPlan;
        const waits = try self.texts(try need(value, "after"));
        const after = try self.arena.alloc(usize, waits.len);
        for (after, waits) |*index, name| {
            index.* = for (before, 0..) |one, i| {
                if (std.mem.eql(u8, one.name, name)) break i;
            } else return error.BadPlan;
        }
        return .{
            .name = try self.text(try need(value, "name")),
            .clusters = clusters,
            .weight = weight,
            .method = try self.text(try need(value, "method")),
            .path = try self.path(try need(value, "path")),
            .path_inputs = try self.fields(try need(inputs, "path")),
            .query = try self.list(Input, try need(inputs, "query"), Reader.input),
            .headers = try self.list(Input, try need(inputs, "headers"), Reader.input),
            .body = if (given(inputs, "body")) |body| try self.expr(body) else null,
            .good = try self.list(u32, try need(value, "good"), Reader.good),
            .timeout = try number(u32, try need(value, "timeout")),
            .retries = try number(u32, try need(value, "retries")),
            .max_body = try number(usize, try need(value, "max_body")),
            .after = after,
            .when = if (given(value, "when")) |when| try self.expr(when) else null,
            .for_each = if (given(value, "for_each")) |each| try self.expr(each) else null,
            .max = try number(usize, try need(value, "max")),
            .cut = std.mem.eql(u8, try self.text(try need(value, "on_excess")), "cut"),
            .concurrency = try number(usize, try need(value, "concurrency")),
            .optional = truth(try need(value, "optional")),
            .fallback = try need(value, "fallback"),
            .expect = try self.list(Expected, try need(value, "expect"), Reader.expected),
        };
    }

    fn cluster(self: Reader, value: []const u8) Error!Cluster {
        return .{
            .name = try self.text(try need(value, "name")),
            .weight = try number(u32, try need(value, "weight")),
            .prefix = if (given(value, "prefix")) |own| try self.text(own) else "\x00",
        };
    }

    fn good(self: Reader, value: []const u8) Error!u32 {
        const said = try self.text(value);
        return if (std.mem.endsWith(u8, said, "XX")) said[0] - '0' else number(u32, said);
    }

    fn expected(self: Reader, value: []const u8) Error!Expected {
        return .{
            .path = try self.parts(json.elements(try need(value, "path"))),
            .kinds = try self.kinds(try need(value, "kinds")),
            .absent = truth(try need(value, "absent")),
        };
    }

    /// What is left of a list, as a path into a value.
    fn parts(self: Reader, rest: json.Elements) Error![]const Part {
        var found: std.ArrayList(Part) = .empty;
        var all = rest;
        while (all.next()) |one| {
            if (json.kind(one) == .number) {
                try found.append(self.arena, .{ .index = try number(usize, one) });
                continue;
            }
            const name = try self.text(one);
            try found.append(self.arena, if (std.mem.eql(u8, name, "*")) .each else .{ .name = name });
        }
        return found.items;
    }

    fn fields(self: Reader, value: []const u8) Error![]const Input {
        const made = try self.arena.alloc(Input, countFields(value));
        var all = json.fields(value);
        for (made) |*one| {
            const found = all.next() orelse return error.BadPlan;
            one.* = .{ .name = try json.unescaped(self.arena, found.name), .value = try self.expr(found.value) };
        }
        return made;
    }

    fn input(self: Reader, value: []const u8) Error!Input {
        const name = json.element(value, 0) orelse return error.BadPlan;
        return .{ .name = try self.text(name), .value = try self.expr(json.element(value, 1) orelse return error.BadPlan) };
    }

    fn below(self: Reader, value: ?[]const u8) Error!*const Expr {
        const made = try self.arena.create(Expr);
        made.* = try self.expr(value orelse return error.BadPlan);
        return made;
    }

    fn expr(self: Reader, value: []const u8) Error!Expr {
        var rest = json.elements(value);
        const name = try self.text(rest.next() orelse return error.BadPlan);
        const eql = std.mem.eql;
        if (eql(u8, name, "json")) return .{ .json = rest.next() orelse return error.BadPlan };
        if (eql(u8, name, "get")) {
            const root = rest.next() orelse return error.BadPlan;
            return .{ .get = .{
                .root = if (json.kind(root) == .string) .{ .name = try self.text(root) } else .{ .value = try self.below(root) },
                .path = try self.names(rest),
            } };
        }
        if (eql(u8, name, "text")) return .{ .text = try self.several(rest) };
        if (eql(u8, name, "list")) return .{ .list = try self.several(rest) };
        if (eql(u8, name, "object")) {
            var found: std.ArrayList(Input) = .empty;
            while (rest.next()) |one| try found.append(self.arena, try self.input(one));
            return .{ .object = found.items };
        }
        if (eql(u8, name, "has")) return .{ .has = try self.below(rest.next()) };
        if (eql(u8, name, "size")) return .{ .size = try self.below(rest.next()) };
        if (eql(u8, name, "!")) return .{ .not = try self.below(rest.next()) };
        if (eql(u8, name, "?")) return .{ .choice = .{
            .@"test" = try self.below(rest.next()),
            .then = try self.below(rest.next()),
            .otherwise = try self.below(rest.next()),
        } };
        if (eql(u8, name, "map") or eql(u8, name, "filter")) return .{ .each = .{
            .filter = name[0] == 'f',
            .of = try self.below(rest.next()),
            .variable = try self.text(rest.next() orelse return error.BadPlan),
            .body = try self.below(rest.next()),
        } };
        const op = operators.get(name) orelse return error.BadPlan;
        return .{ .binary = .{ .op = op, .left = try self.below(rest.next()), .right = try self.below(rest.next()) } };
    }

    /// As `parts`, where a star is a name like any other.
    fn names(self: Reader, rest: json.Elements) Error![]const Part {
        var found: std.ArrayList(Part) = .empty;
        var all = rest;
        while (all.next()) |one| {
            const numbered = json.kind(one) == .number;
            try found.append(self.arena, if (numbered) .{ .index = try number(usize, one) } else .{ .name = try self.text(one) });
        }
        return found.items;
    }

    fn several(self: Reader, rest: json.Elements) Error![]const Expr {
        var found: std.ArrayList(Expr) = .empty;
        var all = rest;
        while (all.next()) |one| try found.append(self.arena, try self.expr(one));
        return found.items;
    }

    fn check(self: Reader, value: []const u8) Error!Check {
        const body = given(value, "body");
        return .{
            .parameters = try self.list(CheckedParameter, try need(value, "parameters"), Reader.checked),
            .body = if (body) |asked| .{
                .required = truth(try need(asked, "required")),
                .media = try self.list(Media, try need(asked, "media"), Reader.media),
            } else null,
            .max_body = try number(usize, try need(value, "max_body")),
        };
    }

    fn media(self: Reader, value: []const u8) Error!Media {
        const schema_number = json.element(value, 1) orelse return error.BadPlan;
        return .{
            .essence = try self.text(json.element(value, 0) orelse return error.BadPlan),
            .schema = if (json.isNull(schema_number)) null else try number(usize, schema_number),
        };
    }

    fn checked(self: Reader, value: []const u8) Error!CheckedParameter {
        return .{
            .place = try self.enumeration(@FieldType(CheckedParameter, "place"), try need(value, "in")),
            .name = try self.text(try need(value, "name")),
            .required = truth(try need(value, "required")),
            .may_be_empty = truth(try need(value, "may_be_empty")),
            .style = try self.enumeration(Style, try need(value, "style")),
            .explode = truth(try need(value, "explode")),
            .scalar = if (given(value, "scalar")) |said| try self.kinds(said) else null,
            .elements = if (given(value, "elements")) |said| try self.kinds(said) else null,
            .fields = if (given(value, "fields")) |said| try self.fieldKinds(said) else null,
            .schema = if (given(value, "schema")) |said| try number(usize, said) else null,
        };
    }

    fn fieldKinds(self: Reader, value: []const u8) Error![]const FieldKinds {
        const made = try self.arena.alloc(FieldKinds, countFields(value));
        var all = json.fields(value);
        for (made) |*one| {
            const found = all.next() orelse return error.BadPlan;
            one.* = .{ .name = try json.unescaped(self.arena, found.name), .kinds = try self.kinds(found.value) };
        }
        return made;
    }

    fn pattern(self: Reader, value: []const u8) Error!Pattern {
        const steps = try self.list([]const i32, try need(value, "steps"), Reader.row);
        const flags = try self.arena.alloc(bool, steps.len);
        @memset(flags, false);
        var all = json.elements(try need(value, "good"));
        while (all.next()) |one| flags[try number(usize, one)] = true;
        return .{
            .starts = try self.list(u32, try need(value, "starts"), Reader.natural),
            .classes = try self.list(u32, try need(value, "classes"), Reader.natural),
            .steps = steps,
            .good = flags,
        };
    }

    fn row(self: Reader, value: []const u8) Error![]const i32 {
        return self.list(i32, value, Reader.signed);
    }

    fn signed(_: Reader, value: []const u8) Error!i32 {
        return number(i32, value);
    }

    fn natural(_: Reader, value: []const u8) Error!u32 {
        return number(u32, value);
    }

    fn size(_: Reader, value: []const u8) Error!usize {
        return number(usize, value);
    }

    fn asIs(_: Reader, value: []const u8) Error![]const u8 {
        return value;
    }

    /// A schema: each keyword is the field of that name, read as its type asks.
    fn schema(self: Reader, value: []const u8) Error!Schema {
        var made = Schema{};
        if (given(value, "enum")) |values| made.values = try self.list([]const u8, values, Reader.asIs);
        const form = @typeInfo(Schema).@"struct";
        inline for (form.field_names, form.field_types) |name, T| {
            if (comptime std.mem.eql(u8, name, "values")) continue;
            if (json.field(value, name)) |said| @field(made, name) = switch (T) {
                ?Kinds => try self.kinds(said),
                ?[]const u8 => said,
                usize, ?usize => try number(usize, said),
                bool => truth(said),
                []const usize => try self.list(usize, said, Reader.size),
                []const []const u8 => try self.texts(said),
                []const Named => try self.named(said),
                []const Patterned => try self.list(Patterned, said, Reader.patterned),
                []const Dependent => try self.dependent(said),
                else => @compileError(name),
            };
        }
        return made;
    }

    fn named(self: Reader, value: []const u8) Error![]const Named {
        const made = try self.arena.alloc(Named, countFields(value));
        var all = json.fields(value);
        for (made) |*one| {
            const found = all.next() orelse return error.BadPlan;
            one.* = .{ .name = try json.unescaped(self.arena, found.name), .schema = try number(usize, found.value) };
        }
        return made;
    }

    fn dependent(self: Reader, value: []const u8) Error![]const Dependent {
        const made = try self.arena.alloc(Dependent, countFields(value));
        var all = json.fields(value);
        for (made) |*one| {
            const found = all.next() orelse return error.BadPlan;
            one.* = .{ .name = try json.unescaped(self.arena, found.name), .names = try self.texts(found.value) };
        }
        return made;
    }

    fn patterned(_: Reader, value: []const u8) Error!Patterned {
        return .{
            .pattern = try number(usize, json.element(value, 0) orelse return error.BadPlan),
            .schema = try number(usize, json.element(value, 1) orelse return error.BadPlan),
        };
    }
};

test "a plan" {
    const t = std.testing;
    var arena = std.heap.ArenaAllocator.init(t.allocator);
    defer arena.deinit();
    const plan = try read(arena.allocator(),
        \\{"version":1,"routes":{"r":{"path":[["v1"],["","id",""]],"aggregate":"a"}},
        \\"aggregates":{"a":{"deadline":950,"max_concurrent":null,"max_body":1048576,"forward":["authorization"],
        \\"parameters":[{"in":"path","name":"id","kinds":["string"],"required":true}],"body":"none",
        \\"steps":[{"name":"one","clusters":[{"name":"c","weight":1}],"method":"GET","prefix":"/p","path":[["x"],["","id",""]],
        \\"inputs":{"path":{"id":["get","request","path","id"]},"query":[],"headers":[],"body":null},"good":["200","2XX"],
        \\"timeout":300,"retries":1,"max_body":1048576,"after":[],"when":null,"for_each":null,"max":1,"on_excess":"cut",
        \\"concurrency":1,"optional":true,"fallback":{"items":[]},"expect":[{"path":["items","*","id"],"kinds":["string"],"absent":false}]}],
        \\"response":{"status":200,"headers":[["cache-control","no-store"]],"body":["object",["n",["get","one","body","items",0]]]}}},
        \\"schemas":[{"types":["object"],"properties":{"a":1},"required":["a"]},{"types":["string"],"minLength":2,"enum":["ab",1]}],
        \\"patterns":[{"starts":[0],"classes":[0],"steps":[[0]],"good":[0]}]}
    );
    const route = plan.routes.get("r").?;
    try t.expectEqualStrings("a", route.aggregate.?.name);
    try t.expectEqualStrings("/p", route.aggregate.?.steps[0].clusters[0].prefix);
    try t.expectEqual(1, plan.schemas[0].properties[0].schema);
    try t.expectEqual(2, plan.schemas[1].values.?.len);
    try t.expect(plan.patterns[0].good[0]);
    try t.expectError(error.BadPlan, read(arena.allocator(), "{\"version\":2}"));
}
