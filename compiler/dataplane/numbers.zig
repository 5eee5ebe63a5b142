//! Numbers by their digits: compared exactly, whatever their size.

const std = @import("std");

/// A number as sign, digits without zeros at either end, and the power of ten in front of which they stand.
pub const Decimal = struct {
    negative: bool,
    digits: []const u8,
    /// Digits may have a point among them; `point` of them, without it, stand before the point.
    point: i64,

    pub fn of(value: []const u8) Decimal {
        var rest = value;
        const negative = rest[0] == '-';
        if (negative) rest = rest[1..];
        var exponent: i64 = 0;
        if (std.mem.indexOfAny(u8, rest, "eE")) |e| {
            exponent = power(rest[e + 1 ..]);
            rest = rest[0..e];
        }
        const dot = std.mem.indexOfScalar(u8, rest, '.') orelse rest.len;
        var point: i64 = @intCast(dot);
        var start: usize = 0;
        while (start < rest.len and (rest[start] == '0' or rest[start] == '.')) : (start += 1) {
            if (rest[start] == '0') point -= 1;
        }
        var end = rest.len;
        while (end > start and (rest[end - 1] == '0' or rest[end - 1] == '.')) end -= 1;
        if (start == end) return .{ .negative = false, .digits = "", .point = 0 };
        return .{ .negative = negative, .digits = rest[start..end], .point = point +| exponent };
    }

    fn power(said: []const u8) i64 {
        const negative = said[0] == '-';
        var n: i64 = 0;
        for (said) |c| if (std.ascii.isDigit(c)) {
            n = @min(n * 10 + (c - '0'), 1_000_000_000_000);
        };
        return if (negative) -n else n;
    }

    fn isZero(self: Decimal) bool {
        return self.digits.len == 0;
    }

    /// Whether it has no fraction: 1.0 and 1e2 have none.
    pub fn isWhole(self: Decimal) bool {
        const dot = std.mem.indexOfScalar(u8, self.digits, '.') != null;
        const size: i64 = @intCast(self.digits.len - @intFromBool(dot));
        return self.isZero() or self.point >= size;
    }

    pub fn order(a: Decimal, b: Decimal) std.math.Order {
        if (a.isZero() or b.isZero()) {
            if (a.isZero() and b.isZero()) return .eq;
            if (a.isZero()) return if (b.negative) .gt else .lt;
            return if (a.negative) .lt else .gt;
        }
        if (a.negative != b.negative) return if (a.negative) .lt else .gt;
        const size = magnitude(a, b);
        return if (a.negative) size.invert() else size;
    }

    fn magnitude(a: Decimal, b: Decimal) std.math.Order {
        if (a.point != b.point) return std.math.order(a.point, b.point);
        var one = Digits{ .said = a.digits };
        var other = Digits{ .said = b.digits };
        while (true) {
            const x = one.next();
            const y = other.next();
            if (x == null and y == null) return .eq;
            if ((x orelse '0') != (y orelse '0')) return std.math.order(x orelse '0', y orelse '0');
        }
    }
};

const Digits = struct {
    said: []const u8,
    at: usize = 0,

    fn next(self: *Digits) ?u8 {
        if (self.at < self.said.len and self.said[self.at] == '.') self.at += 1;
        if (self.at >= self.said.len) return null;
        self.at += 1;
        return self.said[self.at - 1];
    }
};

pub fn order(a: []const u8, b: []const u8) std.math.Order {
    return Decimal.order(Decimal.of(a), Decimal.of(b));
}

pub fn isWhole(value: []const u8) bool {
    return Decimal.of(value).isWhole();
}

test "numbers compare by value" {
    const t = std.testing;
    try t.expectEqual(.eq, order("1.0", "1"));
    try t.expectEqual(.eq, order("100", "1e2"));
    try t.expectEqual(.eq, order("-0", "0.000"));
    try t.expectEqual(.lt, order("-2", "-1.5"));
    try t.expectEqual(.gt, order("10", "9.99"));
    try t.expectEqual(.lt, order("0.05", "0.5"));
    try t.expectEqual(.gt, order("123456789012345678901234567890.1", "123456789012345678901234567890"));
    try t.expect(isWhole("1.0") and isWhole("120e-1") and !isWhole("12e-1") and !isWhole("0.1") and isWhole("0.0"));
}
