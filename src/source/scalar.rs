//! What a scalar's source text means where a property wants more than text.
//!
//! YAML 1.1, which Docker-Map read, and YAML 1.2 disagree about `0750`, `1_000`, `12:30`, `1e3`.
//! Here such texts are no numbers at all: where a number is wanted they are refused and both
//! readings are told, where text is wanted they are text.

/// `true`, `yes`, `on` and their opposites, in the three spellings of YAML 1.1.
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// A whole number in plain decimals: no leading zeros, no `_`, no `+`.
pub fn whole_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits == "0" || (!digits.starts_with('0') && is_digits(digits));
    if is_plain { text.parse().ok() } else { None }
}

/// A number in plain decimals, with or without a fraction.
pub fn decimal_number(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if is_digits(fraction) && whole_number(whole).is_some() { text.parse().ok() } else { None }
}

/// A text that looks like a number and is not one here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoubtfulNumber {
    /// How YAML 1.1 reads it: a number, or `text`.
    pub yaml_1_1: String,
    /// Numbers that may have been meant, the likeliest first.
    pub meant: Vec<String>,
}

/// Explains a text that looks like a number in some YAML.
pub fn doubtful_number(text: &str) -> Option<DoubtfulNumber> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let doubtful = |value: u64, also: Option<&str>| {
        let value = format!("{sign}{value}");
        let also = also.map(|other| format!("{sign}{other}")).filter(|other| *other != value);
        DoubtfulNumber { meant: std::iter::once(value.clone()).chain(also).collect(), yaml_1_1: value }
    };
    if let Some(value) = sexagesimal(digits) {
        return Some(doubtful(value, None));
    }
    if let Some(value) = exponent(digits) {
        let meant = vec![format!("{sign}{value}")];
        return Some(DoubtfulNumber { yaml_1_1: "text".to_owned(), meant });
    }
    let compact = digits.replace('_', "");
    let value = match compact.split_at_checked(2) {
        Some(("0x", hexadecimal)) => u64::from_str_radix(hexadecimal, 16).ok()?,
        Some(("0b", binary)) => u64::from_str_radix(binary, 2).ok()?,
        _ if !is_digits(&compact) => return None,
        _ if compact.len() > 1 && compact.starts_with('0') => {
            let trimmed = compact.trim_start_matches('0');
            let octal = u64::from_str_radix(&compact, 8).ok();
            return Some(octal.map_or_else(
                || DoubtfulNumber { yaml_1_1: "text".to_owned(), meant: vec![format!("{sign}{trimmed}")] },
                |value| doubtful(value, Some(trimmed).filter(|rest| !rest.is_empty())),
            ));
        }
        _ => compact.parse().ok()?,
    };
    (digits != compact || text.starts_with('+') || digits.starts_with("0x") || digits.starts_with("0b"))
        .then(|| doubtful(value, None))
}

/// `12:30` is 750: YAML 1.1 counts in sixties.
fn sexagesimal(text: &str) -> Option<u64> {
    let (first, rest) = text.split_once(':')?;
    if first.starts_with('0') || !is_digits(first) {
        return None;
    }
    let mut value: u64 = first.parse().ok()?;
    for part in rest.split(':') {
        let digit: u64 =
            part.parse().ok().filter(|digit| *digit < 60 && part.len() <= 2 && is_digits(part))?;
        value = value.checked_mul(60)?.checked_add(digit)?;
    }
    Some(value)
}

/// `1e3` is 1000 in YAML 1.2 only.
fn exponent(text: &str) -> Option<u64> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let exponent: u32 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
    let mantissa: u64 = mantissa.parse().ok().filter(|_| is_digits(mantissa))?;
    mantissa.checked_mul(10_u64.checked_pow(exponent)?)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_those_of_yaml_1_1() {
        assert_eq!(boolean("yes"), Some(true));
        assert_eq!(boolean("OFF"), Some(false));
        assert_eq!(boolean("y"), None);
        assert_eq!(boolean("tRue"), None);
        assert_eq!(boolean("1"), None);
    }

    #[test]
    fn whole_numbers_are_plain_decimals() {
        assert_eq!(whole_number("0"), Some(0));
        assert_eq!(whole_number("-12"), Some(-12));
        for text in ["", "-", "+1", "010", "1_0", "0x1", "1e3", "1.0", "12:30", "99999999999999999999"] {
            assert_eq!(whole_number(text), None, "{text}");
        }
    }

    #[test]
    fn decimal_numbers_may_have_a_fraction() {
        assert_eq!(decimal_number("0.5"), Some(0.5));
        assert_eq!(decimal_number("10"), Some(10.0));
        for text in ["", ".5", "5.", "1e3", "inf", "nan", "00.5", "1.5s", ".inf"] {
            assert_eq!(decimal_number(text), None, "{text}");
        }
    }

    #[test]
    fn doubtful_numbers_are_explained() {
        for (text, yaml_1_1, meant) in [
            ("0750", "488", vec!["488", "750"]),
            ("007", "7", vec!["7"]),
            ("00", "0", vec!["0"]),
            ("0780", "text", vec!["780"]),
            ("1_000", "1000", vec!["1000"]),
            ("0x10", "16", vec!["16"]),
            ("0b101", "5", vec!["5"]),
            ("12:30", "750", vec!["750"]),
            ("-12:30:45", "-45045", vec!["-45045"]),
            ("1e3", "text", vec!["1000"]),
            ("+5", "5", vec!["5"]),
        ] {
            let meant = meant.into_iter().map(String::from).collect();
            let expected = DoubtfulNumber { yaml_1_1: yaml_1_1.into(), meant };
            assert_eq!(doubtful_number(text), Some(expected), "{text}");
        }
        for text in ["12", "abc", "", "0x", "1:99", "12:ab", "e3", "1e", "1e99", "-", "_", "1.5", "10s"] {
            assert_eq!(doubtful_number(text), None, "{text}");
        }
    }
}
