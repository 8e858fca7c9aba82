//! Words of messages: plurals, lists, and what the user may have meant.

/// Longer names are compared with nothing: they are no slips of the fingers, and comparing takes the
/// square of the length.
const LONGEST_COMPARED: usize = 64;

/// Of a longer list, so many words are shown.
const SHOWN_WORDS: usize = 20;

/// The candidate most like `name`, if one is like enough to be a slip of the fingers.
///
/// Swapped neighbours count as one slip. Short names allow one slip, longer ones more. Who has
/// many names to look up among many candidates bounds the product.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > LONGEST_COMPARED {
        return None;
    }
    let allowed = (length / 3).clamp(1, 3);
    let wanted = name.to_lowercase();
    candidates
        .into_iter()
        // Each slip changes the length by one at most; most candidates need no comparing.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed)
        .map(|candidate| (strsim::osa_distance(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            // A name of one or two letters is one slip away from everything like it.
            *distance == 0 || (*distance <= allowed && *distance < candidate.chars().count())
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A number with its noun: `1 host`, `2 hosts`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}

/// Alternatives, each in backticks: `` `a`, `b` or `c` ``.
pub fn one_of<T: AsRef<str>>(words: &[T]) -> String {
    quoted_list(words, "or")
}

/// Everything of a list, each in backticks: `` `a`, `b` and `c` ``.
pub fn all_of<T: AsRef<str>>(words: &[T]) -> String {
    quoted_list(words, "and")
}

fn quoted_list<T: AsRef<str>>(words: &[T], conjunction: &str) -> String {
    let quote = |word: &T| format!("`{}`", word.as_ref());
    if words.len() > SHOWN_WORDS {
        let shown: Vec<String> = words[..SHOWN_WORDS].iter().map(quote).collect();
        return format!("{} {conjunction} {} more", shown.join(", "), words.len() - SHOWN_WORDS);
    }
    let quoted: Vec<String> = words.iter().map(quote).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{all_of, count, nearest, one_of};

    #[test]
    fn nearest_finds_slips_of_the_fingers() {
        let keys = ["image", "instances", "exposes", "networks", "network_mode", "uses"];
        for (typed, meant) in [
            ("imgae", Some("image")),
            ("Image", Some("image")),
            ("expose", Some("exposes")),
            ("networkmode", Some("network_mode")),
            ("instance", Some("instances")),
            ("use", Some("uses")),
            ("banana", None),
            ("netowrks", Some("networks")),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, keys), meant, "{typed}");
        }
    }

    #[test]
    fn nearest_of_single_letters_is_nothing() {
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest("A", ["a"]), Some("a"));
    }

    #[test]
    fn nearest_of_long_names_is_nothing() {
        let long = "a".repeat(100_000);
        assert_eq!(nearest(&long, [long.as_str()]), None);
    }

    #[test]
    fn counts_have_plurals() {
        assert_eq!(count(1, "host"), "1 host");
        assert_eq!(count(0, "host"), "0 hosts");
        assert_eq!(count(2, "dependency"), "2 dependencies");
        assert_eq!(count(2, "key"), "2 keys");
    }

    #[test]
    fn lists_are_quoted() {
        assert_eq!(one_of(&["a"]), "`a`");
        assert_eq!(one_of(&["a", "b"]), "`a` or `b`");
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(all_of(&["a", "b"]), "`a` and `b`");
        assert_eq!(one_of::<&str>(&[]), "");
        let many: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        assert!(one_of(&many).ends_with("`18`, `19` or 980 more"), "{}", one_of(&many));
    }
}
