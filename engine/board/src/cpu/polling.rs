//! Notices a core that waits in a loop, reading the same registers and getting the same answers, perhaps sending the
//! same command again and again. While it does, nothing else can happen before the next thing that is due, so the board
//! lets that time pass at once: the same virtual time for less of the host's.

/// Accesses that are remembered: more than a loop that sends a status command and reads its answer makes.
const REMEMBERED: usize = 32;
/// So many accesses in a row of which none was new are a loop that waits.
const WAITING: u32 = 64;

/// An access of the core to a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read { address: u32, value: u32 },
    Write { address: u32, value: u32 },
}

/// The last accesses that were new, and how many came since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Polling {
    known: [Option<Access>; REMEMBERED],
    /// Where the next access is looked for first: loops come in order.
    next: usize,
    /// Where a new one goes.
    oldest: usize,
    repeated: u32,
}

impl Polling {
    pub(crate) const fn new() -> Self {
        Self { known: [None; REMEMBERED], next: 0, oldest: 0, repeated: 0 }
    }

    /// Counts an access; `true` when it is one of a loop that waits.
    pub(crate) fn saw(&mut self, access: Access) -> bool {
        let wanted = Some(access);
        let found = if self.known.get(self.next) == Some(&wanted) {
            Some(self.next)
        } else {
            self.known.iter().position(|known| *known == wanted)
        };
        match found {
            Some(place) => {
                self.next = (place + 1) % REMEMBERED;
                self.repeated += 1;
            }
            None => {
                if let Some(place) = self.known.get_mut(self.oldest) {
                    *place = wanted;
                }
                self.oldest = (self.oldest + 1) % REMEMBERED;
                self.next = self.oldest;
                self.repeated = 0;
            }
        }
        let waits = self.repeated >= WAITING;
        if waits {
            self.repeated = 0;
        }
        waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: u32 = 0x5200_5020;
    const DATA: u32 = 0x5200_5050;
    const COMMAND: u32 = 0x5200_5110;

    /// A turn of a loop that asks a memory for its status.
    fn turn(polling: &mut Polling, answer: u32) -> bool {
        let accesses = [
            Access::Write { address: COMMAND, value: 0x05 },
            Access::Read { address: STATUS, value: 0x24 },
            Access::Read { address: DATA, value: answer },
            Access::Read { address: STATUS, value: 0x02 },
        ];
        accesses.into_iter().fold(false, |waits, access| polling.saw(access) | waits)
    }

    #[test]
    fn asking_again_and_again_is_a_wait_until_the_answer_changes() {
        let mut polling = Polling::new();
        assert!(!(0..16).any(|_| turn(&mut polling, 3)));
        assert!((0..2).any(|_| turn(&mut polling, 3)));
        assert!(!turn(&mut polling, 0), "another answer is news");
        assert!(!(0..15).any(|_| turn(&mut polling, 0)), "and the count begins anew");
    }

    #[test]
    fn data_that_differs_is_no_wait() {
        let mut polling = Polling::new();
        assert!(!(0..1000).any(|value| polling.saw(Access::Read { address: DATA, value })));
    }
}
