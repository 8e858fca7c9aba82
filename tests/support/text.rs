//! Output with what differs from run to run taken out.

/// Replaces durations, such as `2.8 s`, by `T s`, so that whole screens can be compared.
pub(crate) fn without_times(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let is_unit = word.trim_end_matches(['\n', ',', ')']) == "s" || word.starts_with("s\n");
        if is_unit
            && let Some(last) = words.last_mut()
            && last.starts_with(|first: char| first.is_ascii_digit())
            && last.parse::<f64>().is_ok()
        {
            "T".clone_into(last);
        }
        words.push(word.to_owned());
    }
    words.join(" ")
}

/// A text for a container, file or path that no other test and no other run has.
pub(crate) fn unique_name() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{SystemTime, UNIX_EPOCH};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    format!("t{:x}p{:x}n{number}", since.as_millis() & 0xfff_ffff, std::process::id())
}

#[test]
fn only_durations_are_taken_out() {
    let text = "web1  done  6 changed  2.8 s\n\n4 hosts: 4 done · 24 items changed · 2.8 s\n";
    let expected = "web1  done  6 changed  T s\n\n4 hosts: 4 done · 24 items changed · T s\n";
    assert_eq!(without_times(text), expected);
}
