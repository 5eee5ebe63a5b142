//! Answers of the module's own: problems as RFC 9457 has them.

const std = @import("std");
const json = @import("json.zig");

const Text = []const u8;

pub const media_type = "application/problem+json";

pub const Problem = struct {
    status: u32,
    detail: ?Text = null,
    /// The step of an aggregate that is at fault.
    step: ?Text = null,
    /// More members, as JSON with a comma before each.
    more: Text = "",
};

/// The body of an answer.
pub fn write(arena: std.mem.Allocator, problem: Problem) error{OutOfMemory}!Text {
    var out: std.ArrayList(u8) = .empty;
    try out.print(arena, "{{\"type\": \"about:blank\", \"title\": \"{s}\", \"status\": {d}", .{ title(problem.status), problem.status });
    if (problem.detail) |detail| {
        try out.appendSlice(arena, ", \"detail\": ");
        try json.writeText(arena, &out, detail);
    }
    if (problem.step) |step| {
        try out.appendSlice(arena, ", \"step\": ");
        try json.writeText(arena, &out, step);
    }
    try out.appendSlice(arena, problem.more);
    try out.appendSlice(arena, "}\n");
    return out.items;
}

fn title(status: u32) Text {
    if (status > 999) return "";
    const known: std.http.Status = @enumFromInt(@as(u10, @intCast(status)));
    return known.phrase() orelse "";
}
