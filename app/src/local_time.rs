//! The clock on the wall, for "read 14:02:11". Records keep seconds since 1970 instead.

/// The local time of day.
pub(crate) fn now() -> String {
    jiff::Zoned::now().strftime("%H:%M:%S").to_string()
}
