//! Boards as the lab takes them: what survives power, at a chosen moment of a board's life.

use board::NonVolatile;
use chip::ProductState;
use formats::ApplicationRun;
use project::Credential;
use provision::StepId;

use super::Bench;

/// The sample project and a board of it, closed, its image in the download slot, never booted since.
pub fn one_stage(seed: u64) -> (Bench, NonVolatile) {
    let bench = Bench::new(seed);
    let state = first_boot(&bench);
    (bench, state)
}

/// As [`one_stage`], for a new project of two boot stages whose application runs there.
pub fn two_stages(seed: u64, run: ApplicationRun) -> (Bench, NonVolatile) {
    let bench = Bench::two_stages(seed, run, Credential::Certificate);
    let state = first_boot(&bench);
    (bench, state)
}

/// A board of the bench's project, closed and never booted since: everything is stored and nothing installed.
pub fn first_boot(bench: &Bench) -> NonVolatile {
    bench.provision_until(StepId::FinalState);
    let mut state = bench.board.look(board::Board::snapshot);
    // What the last climb sets: OEM_PROVD. Through the chip the board would boot at once.
    state.options.rotsr = state.options.rotsr & !0xFF | 0xB4;
    let closed = ProductState::from_option_bytes(state.options.nvsr as u8, state.options.rotsr);
    assert_eq!(closed, ProductState::Closed);
    state
}
