//! R18 and R23: what the project asks of the very board that stands on the table, as far as it was measured.

use chip::product_state::ProductState;

use crate::finding::Finding;
use crate::project::Project;
use crate::stirot::field;

/// What was measured of a board. What wasn't read is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BoardFacts {
    /// Its product state.
    pub product_state: Option<ProductState>,
    /// Whether the option byte has the SRAM ECC on.
    pub sram_ecc: Option<bool>,
    /// The codes of the ITCM's and the DTCM's share of AXI SRAM; 0 is none.
    pub tcm_shares: Option<[u8; 2]>,
    /// Write protection of user flash, a bit a sector, 0 is protected.
    pub write_protection: Option<u8>,
}

pub(super) fn findings(project: &Project, board: &BoardFacts) -> Vec<Finding> {
    let file = project.first_file();
    let mut found = Vec::new();
    if let Some(state) = board.product_state.filter(|state| *state != ProductState::Open) {
        let text = format!("the board is in {state}; provisioning begins in OPEN");
        let help = match state {
            ProductState::Provisioning => {
                "a run that broke off is taken up again; anything else needs a regression first"
            }
            ProductState::Closed => "a regression with the board's credential leads back to OPEN",
            _ => "nothing leads back from there; take another board",
        };
        found.push(Finding::warning("R23", &file, None, text, help));
    }
    if let (Some(shares), Some(ProductState::Open)) = (board.tcm_shares, board.product_state)
        && shares != [0, 0]
    {
        let text = format!("the TCMs have borrowed AXI SRAM (shares {} and {})", shares[0], shares[1]);
        let help = "provisioning sets both to 0, and gives the RAM back to the firmware area";
        found.push(Finding::warning("R23", &file, None, text, help));
    }
    if let (Some(measured), Some(stirot)) = (board.sram_ecc, &project.stirot)
        && board.product_state == Some(ProductState::Closed)
        && measured != stirot.meaning.sram_ecc
    {
        let says = |on: bool| if on { "on" } else { "off" };
        let text = format!(
            "the board has ECC_ON_SRAM {}, the configuration has it {}: images would be corrupted in RAM",
            says(measured),
            says(stirot.meaning.sram_ecc)
        );
        let help = "give both the same value; the option byte can be changed in OPEN only";
        let path = &stirot.stage.configuration.path;
        found.push(Finding::error("R18", path, Some(field::SRAM_ECC), text, help));
    }
    found
}
