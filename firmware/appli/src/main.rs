//! The demo application: what a boot stage starts, from RAM or in place. It says on the console what it is and where it
//! runs, offers two functions, and takes an update. It needs nothing of whoever started it but the clock tree as the
//! reset left it or as STiRoT set it; in place, and in external RAM, the interface that it is fetched through.
#![no_std]
#![no_main]

mod console;
mod place;
mod update;

use core::fmt::Write;
use core::panic::PanicInfo;

use console::Console;
use cortex_m_rt::entry;

// Called before variables exist: they live in AHB SRAM2, whose clock (RCC_AHB2ENR bit 30) a reset leaves off.
core::arch::global_asm!(
    ".section .text.__pre_init, \"ax\"",
    ".global __pre_init",
    ".type __pre_init, %function",
    ".thumb_func",
    "__pre_init:",
    "movw r0, #:lower16:{enable}",
    "movt r0, #:upper16:{enable}",
    "ldr r1, [r0]",
    "orr r1, r1, #0x40000000",
    "str r1, [r0]",
    "dsb",
    "bx lr",
    enable = const chip::registers::RCC + 0x13C,
);

#[entry]
fn main() -> ! {
    let mut console = Console::start();
    banner(&mut console);
    loop {
        match console.read() {
            b'1' => who_and_where(&mut console),
            b'2' => reset_cause(&mut console),
            b'u' => update::run(&mut console),
            b'?' | b'h' => menu(&mut console),
            b'\r' | b'\n' => {}
            // Whoever gives up an update twice says nothing the second time.
            byte if update::LEAVES.contains(&byte) => {}
            _ => say(&mut console, format_args!("not on the menu\r\n")),
        }
    }
}

/// The console never fails to take a line; `write_fmt` only passes on what the sink reports.
fn say(console: &mut Console, text: core::fmt::Arguments<'_>) {
    let _told = console.write_fmt(text).is_ok();
}

fn banner(console: &mut Console) {
    say(console, format_args!("\r\nSTiRoT demo application\r\n"));
    who_and_where(console);
    menu(console);
}

fn menu(console: &mut Console) {
    say(
        console,
        format_args!(
            "1  function A: who and where I am\r\n2  function B: why the chip was reset\r\n\
             u  update: an image by YMODEM into a slot\r\n?  this menu\r\n"
        ),
    );
}

fn who_and_where(console: &mut Console) {
    match place::image() {
        Some(image) => {
            say(console, format_args!("version          {}\r\n", image.version));
            match image.counter {
                Some(counter) => say(console, format_args!("security counter {counter:#010x}\r\n")),
                None => say(console, format_args!("security counter none\r\n")),
            }
        }
        None => say(console, format_args!("version          no image header in front of me\r\n")),
    }
    match place::protection_level() {
        Some(level) => say(console, format_args!("HDPL             {level}\r\n")),
        None => say(console, format_args!("HDPL             unknown code\r\n")),
    }
    say(console, format_args!("running at       {:#010x}\r\n", place::vector_table()));
}

fn reset_cause(console: &mut Console) {
    say(console, format_args!("reset by        "));
    for cause in place::reset_causes() {
        say(console, format_args!(" {cause}"));
    }
    say(console, format_args!("\r\n"));
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    hardware::stage::sleep_for_good()
}
