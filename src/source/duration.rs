//! Durations as Go writes them: `1h30m`, `1.5s`, `1000 ms`.

/// Nanoseconds of a duration. Digits alone are nanoseconds.
///
/// `None` for anything else, negative durations, and those that do not fit.
pub fn nanoseconds(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return rest.parse().ok();
    }
    let mut total: u64 = 0;
    loop {
        let (part, after) = leading_part(rest)?;
        total = total.checked_add(part)?;
        if after.is_empty() {
            return Some(total);
        }
        rest = after;
    }
}

/// The number and unit that a text begins with, in nanoseconds, and what comes after.
fn leading_part(text: &str) -> Option<(u64, &str)> {
    let (whole, after) = split_digits(text);
    let (fraction, after) = match after.strip_prefix('.') {
        Some(rest) => split_digits(rest),
        None => ("", after),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let after = after.trim_start();
    let (unit, rest) = after.split_at(after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len()));
    let unit_nanoseconds = unit_nanoseconds(unit)?;
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanoseconds = whole.checked_mul(unit_nanoseconds)?;
    Some((nanoseconds.checked_add(fraction_of(unit_nanoseconds, fraction))?, rest.trim_start()))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Digits after a decimal point, applied to a unit. What is below a nanosecond is dropped.
fn fraction_of(unit_nanoseconds: u64, digits: &str) -> u64 {
    let mut place = unit_nanoseconds;
    let mut total = 0;
    for digit in digits.bytes() {
        // The largest unit, an hour, has thirteen digits; there is nothing left after them.
        total += place * u64::from(digit - b'0') / 10;
        place /= 10;
    }
    total
}

fn unit_nanoseconds(unit: &str) -> Option<u64> {
    match unit {
        "ns" => Some(1),
        "us" | "\u{b5}s" | "\u{3bc}s" => Some(1_000),
        "ms" => Some(1_000_000),
        "s" => Some(1_000_000_000),
        "m" => Some(60 * 1_000_000_000),
        "h" => Some(3600 * 1_000_000_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

    #[test]
    fn durations_are_read_in_full() {
        for (text, expected) in [
            ("0", 0),
            ("15", 15),
            ("10us", 10_000),
            ("10000 ns", 10_000),
            ("1000 ms", 1_000_000_000),
            ("1m", 60_000_000_000),
            ("1h", 3_600_000_000_000),
            ("1.5s", 1_500_000_000),
            (".5s", 500_000_000),
            ("1m30s", 90_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1m 30s", 90_000_000_000),
            ("0.25m", 15_000_000_000),
            ("1.0000000001s", 1_000_000_000),
        ] {
            assert_eq!(nanoseconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            " ",
            "s",
            "1x",
            "1.5",
            "-1s",
            "1s junk",
            "1h30",
            "1.s.",
            ".",
            "x",
            "99999999999999999999",
            "999999999h",
        ] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }
}
