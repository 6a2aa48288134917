//! Parts that views are put together from. Each reads what it shows and pushes commands; none changes the model.

pub(crate) mod act_card;
pub(crate) mod annotated_bytes;
pub(crate) mod byte_strip;
pub(crate) mod card;
pub(crate) mod chain;
pub(crate) mod console;
pub(crate) mod controls;
pub(crate) mod figure;
pub(crate) mod finding;
pub(crate) mod form_row;
pub(crate) mod form_state;
pub(crate) mod hex_view;
pub(crate) mod intent_button;
pub(crate) mod ladder;
pub(crate) mod lanes;
pub(crate) mod memory_map;
pub(crate) mod palette;
pub(crate) mod part_tree;
pub(crate) mod secret_entry;
pub(crate) mod state_strip;
pub(crate) mod status_bar;
pub(crate) mod step_list;
pub(crate) mod toggle;
pub(crate) mod top_bar;
pub(crate) mod verdict;
