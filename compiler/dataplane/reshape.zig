//! A service's answer on its way to the client: held back until it is changed, replaced, or found small enough.

const std = @import("std");
const evaluate = @import("evaluate.zig");
const host = @import("host.zig");
const json = @import("json.zig");
const plan = @import("plan.zig");
const problem = @import("problem.zig");
const schemas = @import("schema.zig");
const shapes = @import("shapes.zig");

const Allocator = std.mem.Allocator;
const Text = []const u8;

/// What is to be done with what has come: pass it on, hold it, or answer 502 in its place.
pub const Verdict = union(enum) { go_on, hold, refuse: Text };

/// Request headers that ask for a part of a body, for one that the client knows, or for an encoding.
const not_sent_on = [_]Text{ "accept-encoding", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range" };
/// Headers of an answer that speak of the bytes of its body.
const of_the_body = [_]Text{ "accept-ranges", "content-digest", "content-length", "content-md5", "digest", "etag", "repr-digest" };

/// Headers of a request that speak of the bytes of its body, but for its length.
const of_a_sent_body = [_]Text{ "content-digest", "content-md5", "digest", "repr-digest" };

const too_large = "the service's answer is larger than can be changed";
const too_large_for_client = "the answer is larger than the client takes";

/// How far an answer has come.
pub const Passing = struct {
    shape: *const plan.Shape,
    values: []const ?Text = &.{},
    head: bool = false,
    status: u32 = 0,
    doing: enum { nothing, change, problem, measure } = .nothing,

    /// The request's body as the service is to get it; what is wrong where it cannot be made so.
    pub fn asked(self: *Passing, arena: Allocator, said: Text) error{OutOfMemory}!?problem.Problem {
        const tree = self.shape.request orelse return null;
        var request = shapes.Answer{
            .arena = arena,
            .parameters = self.shape.parameters,
            .values = self.values,
            .status = 0,
            .headers = &.{},
            .body = json.valid(said) orelse return .{ .status = 400, .detail = "the body is not JSON" },
        };
        if (try schemas.doubled(arena, request.body)) |name| {
            return .{ .status = 400, .detail = try std.fmt.allocPrint(arena, "the body has the name {s} twice in one object", .{name}) };
        }
        const made = shapes.changed(&request, tree) catch |found| switch (found) {
            error.OutOfMemory => return error.OutOfMemory,
            error.Broken => return .{ .status = 400, .detail = "the body cannot be changed" },
        };
        host.replaceBody(.request_body, made);
        for (of_a_sent_body) |name| host.removeHeader(.request_headers, name);
        host.setHeader(.request_headers, "content-length", try std.fmt.allocPrint(arena, "{d}", .{made.len}));
        return null;
    }

    /// The request goes to the service.
    pub fn sent(self: *Passing) void {
        if (self.shape.tree == null) return;
        for (not_sent_on) |name| host.removeHeader(.request_headers, name);
    }

    /// The headers of an answer are there; `whole` where no body follows.
    pub fn headers(self: *Passing, whole: bool) Verdict {
        self.status = std.fmt.parseInt(u32, host.header(.response_headers, ":status") orelse "", 10) catch 0;
        const good = self.status / 100 == 2;
        if (!good and isOurs()) return .go_on;
        const changes = self.shape.tree != null and (good or self.shape.replaces_errors);
        if (changes) {
            if (good and !whole and !self.head) if (unfit(self.shape)) |why| return .{ .refuse = why };
            for (of_the_body) |name| host.removeHeader(.response_headers, name);
        }
        if (whole or self.head) return .go_on;
        if (!changes) return self.measured();
        if (good) {
            self.doing = .change;
        } else {
            host.removeHeader(.response_headers, "content-encoding");
            host.removeHeader(.response_headers, "content-language");
            host.setHeader(.response_headers, "content-type", problem.media_type);
            self.doing = .problem;
        }
        return .hold;
    }

    fn measured(self: *Passing) Verdict {
        const most = self.shape.max_response orelse return .go_on;
        if (contentLength()) |length| return if (length > most) .{ .refuse = too_large_for_client } else .go_on;
        self.doing = .measure;
        return .hold;
    }

    /// More of a body is there: `size` bytes so far, and no more where `whole`.
    pub fn body(self: *Passing, arena: Allocator, size: usize, whole: bool) error{OutOfMemory}!Verdict {
        switch (self.doing) {
            .nothing => return .go_on,
            .measure => {
                if (size > self.shape.max_response.?) return .{ .refuse = too_large_for_client };
                return if (whole) .go_on else .hold;
            },
            .problem => {
                const made = try problem.write(arena, .{ .status = self.status });
                host.replaceBody(.response_body, made);
                if (!whole) return .hold;
                try self.ended(arena, made.len);
                return .go_on;
            },
            .change => {
                if (size > self.shape.max_body) return .{ .refuse = too_large };
                return if (whole) self.changed(arena) else .hold;
            },
        }
    }

    /// Nothing but trailers follows what was held.
    pub fn trailers(self: *Passing, arena: Allocator) error{OutOfMemory}!Verdict {
        return if (self.doing == .change) self.changed(arena) else .go_on;
    }

    fn changed(self: *Passing, arena: Allocator) error{OutOfMemory}!Verdict {
        const sent_body = host.bytes(.response_body, self.shape.max_body) orelse return .{ .refuse = too_large };
        if (sent_body.len == 0) {
            self.doing = .nothing;
            return .go_on;
        }
        var answer = shapes.Answer{
            .arena = arena,
            .parameters = self.shape.parameters,
            .values = self.values,
            .status = self.status,
            .headers = if (self.shape.computes) try host.headers(arena, .response_headers) else &.{},
            .body = json.valid(sent_body) orelse return .{ .refuse = "the service's answer is not JSON" },
        };
        const made = shapes.changed(&answer, self.shape.tree.?) catch |found| switch (found) {
            error.OutOfMemory => return error.OutOfMemory,
            error.Broken => return .{ .refuse = "the service's answer cannot be changed" },
        };
        if (self.shape.max_response) |most| if (made.len > most) return .{ .refuse = too_large_for_client };
        host.replaceBody(.response_body, made);
        try self.ended(arena, made.len);
        return .go_on;
    }

    fn ended(self: *Passing, arena: Allocator, size: usize) error{OutOfMemory}!void {
        self.doing = .nothing;
        host.setHeader(.response_headers, "content-length", try std.fmt.allocPrint(arena, "{d}", .{size}));
    }
};

/// Whether an answer is the gateway's own, and no service's.
fn isOurs() bool {
    const details = host.property("response\x00code_details") orelse return false;
    return !std.mem.eql(u8, details, "via_upstream");
}

/// Why a good answer cannot be changed, as far as its headers tell.
fn unfit(shape: *const plan.Shape) ?Text {
    if (host.header(.response_headers, "content-encoding")) |said| {
        if (said.len > 0 and !std.ascii.eqlIgnoreCase(said, "identity")) return "the service's answer is encoded";
    }
    if (host.header(.response_headers, "content-type")) |said| if (!isJson(said)) return "the service's answer is not JSON";
    if (contentLength()) |length| if (length > shape.max_body) return too_large;
    return null;
}

fn contentLength() ?usize {
    return std.fmt.parseInt(usize, host.header(.response_headers, "content-length") orelse return null, 10) catch null;
}

/// Why the body of a request cannot be changed, as far as its headers tell.
pub fn unfitToSend() ?problem.Problem {
    if (host.header(.request_headers, "content-encoding")) |said| {
        if (said.len > 0 and !std.ascii.eqlIgnoreCase(said, "identity")) return .{ .status = 415, .detail = "the body is encoded" };
    }
    const said = host.header(.request_headers, "content-type") orelse "";
    if (!isJson(said)) return .{ .status = 415, .detail = "the body is not JSON" };
    return if (isUtf8(said)) null else .{ .status = 415, .detail = "the body is to be in UTF-8" };
}

/// Whether a media type leaves it at UTF-8, in which JSON is read here. In another charset a service would read other
/// names, and JSON has none (RFC 8259, section 11).
fn isUtf8(said: Text) bool {
    var parts = std.mem.splitScalar(u8, said, ';');
    _ = parts.next();
    while (parts.next()) |part| {
        const end = std.mem.indexOfScalar(u8, part, '=') orelse continue;
        if (!std.ascii.eqlIgnoreCase(std.mem.trim(u8, part[0..end], " \t*"), "charset")) continue;
        const charset = std.mem.trim(u8, part[end + 1 ..], " \t\"'");
        if (!std.ascii.eqlIgnoreCase(charset, "utf-8") and !std.ascii.eqlIgnoreCase(charset, "us-ascii")) return false;
    }
    return true;
}

test "charsets" {
    const t = std.testing;
    for ([_]Text{ "application/json", "a/json ; Charset=\"UTF-8\"", "a/json;", "a/json; v=1", "a/json; charset=us-ascii" }) |said| try t.expect(isUtf8(said));
    for ([_]Text{ "a/json; charset=utf-7", "a/json;charset=utf-16", "a/json; charset=utf-8; charset=utf-7", "a/json; charset=" }) |said| try t.expect(!isUtf8(said));
}

fn isJson(said: Text) bool {
    const end = std.mem.indexOfScalar(u8, said, ';') orelse said.len;
    const essence = std.mem.trim(u8, said[0..end], " \t");
    return std.ascii.eqlIgnoreCase(essence, "application/json") or std.ascii.endsWithIgnoreCase(essence, "+json");
}
