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
        var shift: i64 = 0;
        if (std.mem.indexOfAny(u8, rest, "eE")) |e| {
            shift = power(rest[e + 1 ..]);
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
        return .{ .negative = negative, .digits = rest[start..end], .point = point +| shift };
    }

    fn power(said: []const u8) i64 {
        const negative = said[0] == '-';
        var n: i64 = 0;
        for (said) |c| if (std.ascii.isDigit(c)) {
            n = @min(n * 10 + (c - '0'), 1_000_000_000_000);
        };
        return if (negative) -n else n;
    }

    /// The power of ten of the last digit.
    fn exponent(self: Decimal) i64 {
        const dot = std.mem.indexOfScalar(u8, self.digits, '.') != null;
        return self.point -| @as(i64, @intCast(self.digits.len - @intFromBool(dot)));
    }

    /// The number in units of a power of ten that is not above that of its last digit; null where it is too long.
    fn scaled(self: Decimal, to: i64) ?i128 {
        if (self.digits.len > 32 or self.exponent() -| to > 32) return null;
        var made: i128 = 0;
        var all = Digits{ .said = self.digits };
        while (all.next()) |digit| made = std.math.add(i128, std.math.mul(i128, made, 10) catch return null, digit - '0') catch return null;
        var left = self.exponent() - to;
        while (left > 0) : (left -= 1) made = std.math.mul(i128, made, 10) catch return null;
        return made;
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

/// Whether a number is a whole multiple of another one, exactly where both have up to some thirty digits.
pub fn isMultiple(value: []const u8, unit: []const u8) bool {
    const a = Decimal.of(value);
    const b = Decimal.of(unit);
    if (a.isZero() or b.isZero()) return a.isZero();
    const low = @min(a.exponent(), b.exponent());
    const x = a.scaled(low) orelse return roughly(value, unit);
    const y = b.scaled(low) orelse return roughly(value, unit);
    return @rem(x, y) == 0;
}

fn roughly(value: []const u8, unit: []const u8) bool {
    const x = std.fmt.parseFloat(f128, value) catch return false;
    const y = std.fmt.parseFloat(f128, unit) catch return false;
    return @rem(x, y) == 0;
}

/// The same for numbers that are equal.
pub fn hash(value: []const u8) u64 {
    const number = Decimal.of(value);
    var hasher = std.hash.Wyhash.init(@intFromBool(number.negative));
    hasher.update(std.mem.asBytes(&number.point));
    var all = Digits{ .said = number.digits };
    while (all.next()) |digit| hasher.update(&.{digit});
    return hasher.final();
}

test "multiples" {
    const t = std.testing;
    try t.expect(isMultiple("0.3", "0.1") and isMultiple("4.50", "1.5") and isMultiple("-6", "3") and isMultiple("0", "7"));
    try t.expect(!isMultiple("0.35", "0.1") and !isMultiple("7", "3") and isMultiple("1e20", "10") and !isMultiple("1", "1e3"));
    try t.expectEqual(hash("1.0"), hash("1e0"));
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
