//! Signals by name and number, as Engines on Linux know them.

/// Names without `SIG`; several may mean one number.
const SIGNALS: [(&str, u8); 37] = [
    ("ABRT", 6),
    ("ALRM", 14),
    ("BUS", 7),
    ("CHLD", 17),
    ("CLD", 17),
    ("CONT", 18),
    ("FPE", 8),
    ("HUP", 1),
    ("ILL", 4),
    ("INT", 2),
    ("IO", 29),
    ("IOT", 6),
    ("KILL", 9),
    ("PIPE", 13),
    ("POLL", 29),
    ("PROF", 27),
    ("PWR", 30),
    ("QUIT", 3),
    ("SEGV", 11),
    ("STKFLT", 16),
    ("STOP", 19),
    ("SYS", 31),
    ("TERM", 15),
    ("TRAP", 5),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("USR1", 10),
    ("USR2", 12),
    ("VTALRM", 26),
    ("WINCH", 28),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("RTMIN", FIRST_REAL_TIME),
    ("RTMAX", LAST_REAL_TIME),
    // Engines before 23 know it so.
    ("UNUSED", 31),
];
/// `SIGKILL`: what no process can ignore.
pub const KILL: u8 = 9;
/// `SIGTERM`: containers that ask for no signal are stopped with it.
pub const USUAL_STOP: u8 = 15;
const FIRST_REAL_TIME: u8 = 34;
const LAST_REAL_TIME: u8 = 64;

/// The number of a signal that is typed as `SIGTERM`, `term`, `15` or `RTMIN+3`.
pub fn number(typed: &str) -> Option<u8> {
    if let Ok(number) = typed.parse::<u8>() {
        return (1..=LAST_REAL_TIME).contains(&number).then_some(number);
    }
    let upper = typed.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(offset) = name.strip_prefix("RTMIN+") {
        return real_time(FIRST_REAL_TIME.checked_add(offset.parse().ok()?)?);
    }
    if let Some(offset) = name.strip_prefix("RTMAX-") {
        return real_time(LAST_REAL_TIME.checked_sub(offset.parse().ok()?)?);
    }
    SIGNALS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

fn real_time(number: u8) -> Option<u8> {
    (FIRST_REAL_TIME..=LAST_REAL_TIME).contains(&number).then_some(number)
}

/// All names, without `SIG`.
pub fn names() -> impl Iterator<Item = &'static str> {
    SIGNALS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn names_and_numbers_are_one() {
        for (typed, expected) in [
            ("SIGTERM", 15),
            ("term", 15),
            ("15", 15),
            ("sigusr1", 10),
            ("SIGRTMIN+3", 37),
            ("RTMAX-1", 63),
            ("RTMIN", 34),
            ("64", 64),
        ] {
            assert_eq!(number(typed), Some(expected), "{typed}");
        }
        for wrong in ["", "0", "65", "-1", "SIG", "SIGTREM", "RTMIN+31", "RTMIN+", "RTMAX-99"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
