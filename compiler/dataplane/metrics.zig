//! What is counted of aggregates: each answer by how it came out, each call of a step, and how long both took.
//!
//! Names are made of those of the project, so their number is bounded by it.

const std = @import("std");
const host = @import("host.zig");
const plan = @import("plan.zig");

const Text = []const u8;

/// How an aggregate was answered.
pub const Outcome = enum { complete, partial, failed, timed_out, refused };

/// Have Envoy count what a plan may do.
pub fn define(arena: std.mem.Allocator, all: *plan.Plan) error{OutOfMemory}!void {
    for (all.aggregates) |*aggregate| {
        for (std.enums.values(Outcome)) |outcome| {
            aggregate.counters[@intFromEnum(outcome)] = try named(arena, .counter, "gatewright_aggregate.{s}.{s}", .{ aggregate.name, @tagName(outcome) });
        }
        aggregate.duration = try named(arena, .histogram, "gatewright_aggregate.{s}.duration_ms", .{aggregate.name});
        for (aggregate.steps) |*step| {
            const parts = .{ aggregate.name, step.name };
            step.calls = try named(arena, .counter, "gatewright_step.{s}.{s}.calls", parts);
            step.failures = try named(arena, .counter, "gatewright_step.{s}.{s}.failures", parts);
            step.timeouts = try named(arena, .counter, "gatewright_step.{s}.{s}.timeouts", parts);
            step.duration = try named(arena, .histogram, "gatewright_step.{s}.{s}.duration_ms", parts);
        }
    }
}

fn named(arena: std.mem.Allocator, kind: host.MetricKind, comptime form: Text, parts: anytype) error{OutOfMemory}!u32 {
    return host.metric(kind, try std.fmt.allocPrint(arena, form, parts));
}

pub fn answered(aggregate: *const plan.Aggregate, outcome: Outcome, took_ms: u64) void {
    host.increment(aggregate.counters[@intFromEnum(outcome)]);
    if (outcome != .refused) host.record(aggregate.duration, took_ms);
}

pub fn called(step: *const plan.Step, took_ms: u64, good: bool, timed_out: bool) void {
    host.increment(step.calls);
    if (!good) host.increment(step.failures);
    if (timed_out) host.increment(step.timeouts);
    host.record(step.duration, took_ms);
}
