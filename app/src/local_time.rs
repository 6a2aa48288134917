//! The clock on the wall, for "read 14:02:11". Records keep seconds since 1970 instead.

/// The local time of day.
pub(crate) fn now() -> String {
    jiff::Zoned::now().strftime("%H:%M:%S").to_string()
}

/// The local date and time of a second since 1970; that number where the clock can't tell.
pub(crate) fn of(seconds: u64) -> String {
    let timestamp = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    match timestamp {
        Some(timestamp) => timestamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        None => seconds.to_string(),
    }
}
