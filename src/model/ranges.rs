//! Names that stand for several hosts: `apps1-3`, `n01-n12`, `web[1-3,7]`; and folding them back.

use std::collections::BTreeMap;

/// A range of more names than this is a typing error.
const LONGEST_RANGE: usize = 10_000;

/// The longest name of a host that DNS knows; a range multiplies what is longer.
const LONGEST_NAME: usize = 253;

/// One name of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeMember {
    /// The host's name.
    pub name: String,
    /// Its number as written, zeros included.
    pub number: String,
}

/// Why a range is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The brackets hold something else than numbers.
    #[error("`[{0}]` is not a list of numbers and ranges such as `1-3,7`")]
    Brackets(String),
    /// More names than anybody means.
    #[error("the range has more than {LONGEST_RANGE} names")]
    TooLong,
    /// Names that no host has.
    #[error("names of hosts have at most {LONGEST_NAME} characters")]
    LongName,
}

/// Reads a range; `None` if the text is a plain name.
///
/// Without brackets the first number must follow a letter and must not be the larger one, so
/// that `ip-10-0-0-12`, `web-1-3` and `db9-2` stay names.
pub fn expand(text: &str) -> Result<Option<Vec<RangeMember>>, RangeError> {
    if let Some((prefix, rest)) = text.split_once('[') {
        let Some((list, suffix)) = rest.split_once(']') else {
            return Err(RangeError::Brackets(rest.to_owned()));
        };
        return expand_brackets(prefix, list, suffix).map(Some);
    }
    match Dashed::parse(text) {
        Some(range) => range.members().map(Some),
        None => Ok(None),
    }
}

fn expand_brackets(prefix: &str, list: &str, suffix: &str) -> Result<Vec<RangeMember>, RangeError> {
    let wrong = || RangeError::Brackets(list.to_owned());
    let mut members = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.trim().split_once('-').unwrap_or((part.trim(), part.trim()));
        let numbers = Numbers::parse(first, last).ok_or_else(wrong)?;
        members.extend(numbers.members(prefix, suffix)?);
        if members.len() > LONGEST_RANGE {
            return Err(RangeError::TooLong);
        }
    }
    Ok(members)
}

/// `apps1-3` or `apps1-apps3`.
struct Dashed<'a> {
    prefix: &'a str,
    numbers: Numbers,
}

impl<'a> Dashed<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (left, right) = text.rsplit_once('-')?;
        let prefix = left.trim_end_matches(|c: char| c.is_ascii_digit());
        prefix.chars().next_back().filter(|c| c.is_alphabetic())?;
        let last = right.strip_prefix(prefix).unwrap_or(right);
        let numbers = Numbers::parse(&left[prefix.len()..], last)?;
        Some(Self { prefix, numbers })
    }

    fn members(&self) -> Result<Vec<RangeMember>, RangeError> {
        self.numbers.members(self.prefix, "")
    }
}

/// First and last number, and the width that leading zeros ask for.
struct Numbers {
    first: u64,
    last: u64,
    width: usize,
}

impl Numbers {
    fn parse(first: &str, last: &str) -> Option<Self> {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(first) || !is_number(last) {
            return None;
        }
        let width = padded_width(first);
        let numbers = Self { first: first.parse().ok()?, last: last.parse().ok()?, width };
        (numbers.first <= numbers.last).then_some(numbers)
    }

    fn members(&self, prefix: &str, suffix: &str) -> Result<Vec<RangeMember>, RangeError> {
        if self.last - self.first >= LONGEST_RANGE as u64 {
            return Err(RangeError::TooLong);
        }
        let width = self.width;
        if prefix.len() + suffix.len() + width > LONGEST_NAME {
            return Err(RangeError::LongName);
        }
        let numbers = (self.first..=self.last).map(|number| format!("{number:0width$}"));
        Ok(numbers.map(|number| RangeMember { name: format!("{prefix}{number}{suffix}"), number }).collect())
    }
}

/// The width that leading zeros ask for; a single zero asks for none.
fn padded_width(digits: &str) -> usize {
    if digits.len() > 1 && digits.starts_with('0') { digits.len() } else { 0 }
}

/// Names in short: `apps[1-3],web1`. Families stand where their first name stood.
pub fn fold<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut families: Vec<(Family<'a>, Vec<u64>)> = Vec::new();
    let mut index: BTreeMap<Family<'a>, usize> = BTreeMap::new();
    for name in names {
        let (family, number) = Family::of(name);
        let position = *index.entry(family).or_insert_with(|| {
            families.push((family, Vec::new()));
            families.len() - 1
        });
        families[position].1.extend(number);
    }
    families.into_iter().map(|(family, numbers)| family.folded(numbers)).collect::<Vec<_>>().join(",")
}

/// Names that differ only in a number of the same width.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Family<'a> {
    prefix: &'a str,
    /// `None` for a name without number.
    width: Option<usize>,
}

impl<'a> Family<'a> {
    fn of(name: &'a str) -> (Self, Option<u64>) {
        let prefix = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &name[prefix.len()..];
        match digits.parse() {
            Ok(number) => (Self { prefix, width: Some(padded_width(digits)) }, Some(number)),
            Err(_) => (Self { prefix: name, width: None }, None),
        }
    }

    fn folded(self, mut numbers: Vec<u64>) -> String {
        let Some(width) = self.width else { return self.prefix.to_owned() };
        numbers.sort_unstable();
        numbers.dedup();
        if let [number] = numbers[..] {
            return format!("{}{number:0width$}", self.prefix);
        }
        let runs: Vec<String> = runs_of(&numbers).into_iter().map(|run| shown_run(run, width)).collect();
        format!("{}[{}]", self.prefix, runs.join(","))
    }
}

/// Splits sorted numbers into stretches without a gap: first and last of each.
fn runs_of(numbers: &[u64]) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    runs
}

fn shown_run((first, last): (u64, u64), width: usize) -> String {
    if first == last { format!("{first:0width$}") } else { format!("{first:0width$}-{last:0width$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Option<Vec<String>> {
        let members = expand(text).expect("a range or a name");
        members.map(|members| members.into_iter().map(|member| member.name).collect())
    }

    #[test]
    fn ranges_are_read_in_all_three_forms() {
        assert_eq!(names("apps1-3"), Some(vec!["apps1".into(), "apps2".into(), "apps3".into()]));
        assert_eq!(names("n08-n11").expect("a range"), ["n08", "n09", "n10", "n11"]);
        assert_eq!(names("web[1-2,7].eu").expect("a range"), ["web1.eu", "web2.eu", "web7.eu"]);
        assert_eq!(names("a9-10").expect("a range"), ["a9", "a10"]);
    }

    #[test]
    fn names_that_only_look_like_ranges_stay_names() {
        for name in ["web1", "web-1", "web-1-3", "ip-10-0-0-12", "db9-2", "a-b", "1-3", "apps1-x3", ""] {
            assert_eq!(names(name), None, "{name}");
        }
    }

    #[test]
    fn wrong_ranges_are_refused() {
        for wrong in ["a[", "a[]", "a[1-]", "a[x]", "a[3-1]", "a[1,]"] {
            assert!(matches!(expand(wrong), Err(RangeError::Brackets(_))), "{wrong}");
        }
        assert_eq!(expand("a1-999999999"), Err(RangeError::TooLong));
        assert_eq!(expand("a1-99999999999999999999999"), Ok(None));
        assert_eq!(expand(&format!("{}1-9999", "a".repeat(1000))), Err(RangeError::LongName));
        assert_eq!(expand(&format!("a{}1-2", "0".repeat(1000))), Err(RangeError::LongName));
    }

    #[test]
    fn lists_of_ranges_end_at_the_limit() {
        // A hundred million names if the limit is looked at in the end.
        let list = "1-10000,".repeat(10_000);
        assert_eq!(expand(&format!("a[{list}1]")), Err(RangeError::TooLong));
    }

    #[test]
    fn names_are_folded() {
        for (unfolded, folded) in [
            (vec!["web1", "apps1", "apps2", "apps3"], "web1,apps[1-3]"),
            (vec!["n01", "n02", "n10", "n2"], "n[01-02],n[2,10]"),
            (vec!["a3", "a1", "a2", "a7"], "a[1-3,7]"),
            (vec!["db", "cache"], "db,cache"),
            (vec![], ""),
        ] {
            assert_eq!(fold(unfolded), folded);
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_folded_expands_to_the_same_names(numbers in proptest::collection::btree_set(0_u64..200, 2..20)) {
            let names: Vec<String> = numbers.iter().map(|number| format!("h{number}")).collect();
            let folded = fold(names.iter().map(String::as_str));
            let expanded = expand(&folded).expect("a range").expect("a range");
            let expanded: Vec<String> = expanded.into_iter().map(|member| member.name).collect();
            proptest::prop_assert_eq!(expanded, names);
        }
    }
}
