//! STiRoT Studio: the window, and the same jobs as commands. It shows what the engine does and decides nothing.

mod acts;
pub mod app;
pub mod cli;
pub mod command;
pub mod console;
mod dialogs;
pub mod engine;
pub mod estimate;
mod icons;
pub mod jobs;
mod local_time;
pub mod model;
mod option_lines;
pub mod settings;
mod sheets;
pub mod start;
mod text;
pub mod theme;
pub mod update;
mod views;
mod widgets;
