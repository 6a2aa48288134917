//! One line for each decision on the kit's console, where the layout block asks for it. Whether it speaks is asked of the
//! UART itself: the stage has no variables.

use chip::trace::{SubjectImage, SubjectPlace};
use formats::Version;
use hardware::uart::{self, Ways};

/// What a line is made of.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    /// As it is.
    Text(&'a str),
    /// Eight digits behind 0x.
    Hex(u32),
    /// `major.minor.revision`, and the build where there is one.
    Version(Version),
    /// An image's name.
    Image(SubjectImage),
    /// A place's name.
    Place(SubjectPlace),
}

/// Switches it on.
pub fn start() {
    uart::start(Ways::Out);
}

/// A line; nothing while the console is off.
pub fn line(parts: &[Part<'_>]) {
    if !uart::is_on() {
        return;
    }
    text("[oemurot] ");
    for part in parts {
        match *part {
            Part::Text(words) => text(words),
            Part::Hex(number) => {
                text("0x");
                for shift in (0..32).step_by(4).rev() {
                    let digit = (number >> shift & 0xF) as u8;
                    uart::send(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
                }
            }
            Part::Version(version) => {
                decimal(u32::from(version.major));
                text(".");
                decimal(u32::from(version.minor));
                text(".");
                decimal(u32::from(version.revision));
                if version.build != 0 {
                    text("+");
                    decimal(version.build);
                }
            }
            Part::Image(image) => text(image.text()),
            Part::Place(place) => text(place.text()),
        }
    }
    text("\r\n");
}

fn text(words: &str) {
    words.bytes().for_each(uart::send);
}

fn decimal(number: u32) {
    let mut divisor = 1_000_000_000;
    while divisor > 1 && number < divisor {
        divisor /= 10;
    }
    while divisor > 0 {
        uart::send(b'0' + (number / divisor % 10) as u8);
        divisor /= 10;
    }
}
