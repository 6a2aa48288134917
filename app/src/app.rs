//! The eframe shell: `logic` takes in what jobs report, `ui` paints the model and collects commands.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{CentralPanel, Context, Frame, Margin, Panel, RichText, Ui, ViewportCommand, vec2};

use crate::command::{Command, PALETTE};
use crate::engine::Edited;
use crate::icons;
use crate::jobs::Jobs;
use crate::model::debug::DebugIntent;
use crate::model::images::ImagesIntent;
use crate::model::updating::UpdateIntent;
use crate::model::{JobKind, Model, ThemeChoice, View};
use crate::settings::Settings;
use crate::start::Start;
use crate::theme::{self, Tokens};
use crate::update::{self, Effect};
use crate::views;
use crate::widgets::controls::{Weight, command_button, focus_ring, muted, tooltip};
use crate::widgets::{card, console, ladder, palette, state_strip, status_bar, top_bar};

/// How often a running job's bar and time move without a report.
const WHILE_RUNNING: Duration = Duration::from_millis(100);

/// Below this width of the window, points, the views have no room beside their names and beside the ladder.
const NARROW: f32 = 960.0;

/// What a board's console leaves to the view above it, as long as both have some room, points.
const LEFT_BY_CONSOLE: f32 = 175.0;

/// How long closing waits for a trial to stop.
const TO_END: Duration = Duration::from_secs(3);

/// What the parts of the window remember between frames.
#[derive(Debug, Default)]
struct Parts {
    top_bar: top_bar::TopBar,
    palette: palette::PaletteState,
    ladder: ladder::LadderState,
    console: console::ConsoleState,
    board: views::board::BoardView,
    configuration: views::configuration::ConfigurationView,
    keys: views::keys_sections::KeysSections,
    images: views::images::ImagesView,
    debug: views::debug::DebugView,
    provision: views::provision::ProvisionView,
    boot_lab: views::boot_lab::BootLabView,
    update: views::updating::UpdateView,
}

/// The window.
pub struct Studio {
    model: Model,
    parts: Parts,
    jobs: Jobs,
    /// A close was asked for while a run went on: the window closes when the run has stopped.
    closing: bool,
    /// It was told that closing drops a typed password.
    warned: bool,
    /// Whether the window had the focus in the last frame.
    focused: bool,
}

impl Studio {
    /// A window that opens the project and the board of `start`.
    pub fn new(ctx: &Context, start: Start) -> Self {
        theme::install(ctx);
        let repaint = ctx.clone();
        let jobs = Jobs::new(Arc::new(move || repaint.request_repaint()));
        let mut model = Model::new(start.data_folder);
        model.theme = start.theme;
        model.recent = start.recent;
        let mut studio = Self { model, parts: Parts::default(), jobs, closing: false, warned: false, focused: true };
        let mut effects = vec![Effect::Theme(studio.model.theme)];
        for command in start.commands {
            update::apply(&mut studio.model, command, &mut effects);
        }
        studio.perform(ctx, effects);
        studio
    }

    /// What the window knows; for tests.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Gives a command, as a button would.
    pub fn command(&mut self, ctx: &Context, command: Command) {
        let mut effects = Vec::new();
        if matches!(command, Command::Configuration(_)) {
            self.warned = false;
        }
        update::apply(&mut self.model, command, &mut effects);
        self.perform(ctx, effects);
    }

    fn perform(&mut self, ctx: &Context, mut effects: Vec<Effect>) {
        while !effects.is_empty() {
            let mut next = Vec::new();
            for effect in effects {
                self.perform_one(ctx, effect, &mut next);
            }
            effects = next;
        }
    }

    fn perform_one(&mut self, ctx: &Context, effect: Effect, next: &mut Vec<Effect>) {
        match effect {
            Effect::Start(kind, request) => {
                let edited = self.edited();
                for report in self.jobs.start(kind, request, edited) {
                    update::receive(&mut self.model, report, next);
                }
            }
            Effect::Cancel => self.jobs.cancel(),
            Effect::CancelTrial => self.jobs.cancel_trial(),
            Effect::CancelDebug => self.jobs.cancel_debug(),
            Effect::CancelLab => self.jobs.cancel_lab(),
            Effect::Answer(answer) => self.jobs.answer(answer),
            Effect::Send(bytes) => self.jobs.send(&bytes),
            Effect::Copy(text) => {
                ctx.copy_text(text);
                self.model.notice = Some("copied".to_owned());
            }
            Effect::Theme(choice) => ctx.set_theme(match choice {
                ThemeChoice::System => egui::ThemePreference::System,
                ThemeChoice::Dark => egui::ThemePreference::Dark,
                ThemeChoice::Light => egui::ThemePreference::Light,
            }),
            Effect::SaveSettings => {
                if let Err(error) = Settings::of(&self.model).save(&self.model.data_folder) {
                    self.model.notice = Some(format!("settings could not be saved: {error}"));
                }
            }
            Effect::Close => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    /// A person who comes back from another program may have changed a file there.
    fn look_again(&mut self, ctx: &Context) {
        let focused = ctx.input(|input| input.focused);
        if focused && !self.focused {
            let mut effects = Vec::new();
            update::look_again(&mut self.model, &mut effects);
            self.perform(ctx, effects);
        }
        self.focused = focused;
    }

    fn edited(&self) -> Option<Edited> {
        let editing = self.model.editing.as_ref()?;
        Some(Edited { draft: editing.draft.clone(), revision: editing.revision })
    }

    /// Whether something goes on with the board that should come to its end.
    fn is_at_work(&self) -> bool {
        self.model.active_run().is_some() || self.model.update.goes_on() || self.model.debug.running.is_some()
    }

    fn close_guard(&mut self, ctx: &Context) {
        let asked = ctx.input(|input| input.viewport().close_requested());
        let has_secret = self.model.editing.as_ref().is_some_and(|editing| editing.draft.has_unsaved_secret());
        if asked && has_secret && !self.warned {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.warned = true;
            self.model.notice =
                Some("the typed password stands in no file yet: save it, or close once more to drop it".to_owned());
        } else if asked && self.is_at_work() {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.closing = true;
            let stop = if self.model.active_run().is_some() {
                Command::Cancel
            } else if self.model.update.goes_on() {
                Command::Update(UpdateIntent::Cancel)
            } else {
                Command::Debug(DebugIntent::Cancel)
            };
            self.command(ctx, stop);
            self.model.notice = Some("closing when the board is left alone".to_owned());
        } else if self.closing && !self.is_at_work() {
            self.closing = false;
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    /// A virtual board that an image is tried on takes its folder, with the project's objects in it, away by itself: it is
    /// given the time for that.
    fn end_trial(&mut self) {
        self.jobs.cancel_trial();
        self.jobs.cancel_lab();
        let until = Instant::now() + TO_END;
        while (self.model.runs(JobKind::Trial) || self.model.runs(JobKind::Lab)) && Instant::now() < until {
            for report in self.jobs.drain() {
                update::receive(&mut self.model, report, &mut Vec::new());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Folders dropped on the window are projects; what a file is, its content tells once it is opened.
    fn dropped(ctx: &Context, commands: &mut Vec<Command>) {
        for file in ctx.input_mut(|input| std::mem::take(&mut input.raw.dropped_files)) {
            let path: PathBuf = file.path().to_owned();
            commands.push(if path.is_dir() {
                Command::OpenProject(path)
            } else {
                Command::Images(ImagesIntent::OpenFile(path))
            });
        }
    }

    fn shortcuts(ctx: &Context, model: &Model, commands: &mut Vec<Command>) {
        // The ones with Shift first: the others would take their keys as well.
        let all = || {
            let table = PALETTE.iter().chain([&Command::Palette]);
            table.filter_map(|command| Some((command, command.shortcut()?)))
        };
        let with_shift = all().filter(|(_, shortcut)| shortcut.modifiers.shift);
        let others = all().filter(|(_, shortcut)| !shortcut.modifiers.shift);
        for (command, shortcut) in with_shift.chain(others) {
            if ctx.input_mut(|input| input.consume_shortcut(&shortcut))
                && (!model.palette_open || *command == Command::Palette)
            {
                commands.push(command.clone());
            }
        }
    }
}

impl eframe::App for Studio {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        let mut effects = Vec::new();
        for report in self.jobs.drain() {
            update::receive(&mut self.model, report, &mut effects);
        }
        self.perform(ctx, effects);
        self.close_guard(ctx);
        self.look_again(ctx);
        if self.is_at_work() {
            ctx.request_repaint_after(WHILE_RUNNING);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.model.dark = ui.visuals().dark_mode;
        let mut commands = Vec::new();
        Self::shortcuts(&ctx, &self.model, &mut commands);
        if commands.iter().any(|command| matches!(command, Command::Configuration(_))) {
            // What is typed but not entered yet counts, too.
            let mut intents = Vec::new();
            self.parts.configuration.finish(&mut intents);
            commands.splice(0..0, intents.into_iter().map(Command::Configuration));
        }
        Self::dropped(&ctx, &mut commands);
        shell(ui, &self.model, &mut self.parts, &mut commands);
        if !commands.is_empty() {
            for command in commands {
                self.command(&ctx, command);
            }
            ctx.request_repaint();
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        if let Some(edited) = self.edited()
            && let Err(error) = self.jobs.keep(&edited)
        {
            log::error!("unsaved edits could not be kept: {error}");
        }
        self.end_trial();
        if let Err(card) = self.jobs.put_away() {
            log::error!("{}", card.text());
        }
    }
}

fn shell(ui: &mut Ui, model: &Model, parts: &mut Parts, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    let names = if ui.ctx().content_rect().width() < NARROW { Names::OnHover } else { Names::Shown };
    let bar = |fill, side| Frame::new().fill(fill).inner_margin(Margin::symmetric(side, 0));
    Panel::top("top").exact_size(36.0).frame(bar(t.panel, 14)).show(ui, |ui| {
        top_bar::show(ui, model, &mut parts.top_bar, commands);
    });
    Panel::top("state").exact_size(40.0).frame(bar(t.background, 14)).show(ui, |ui| state_strip::show(ui, model));
    Panel::bottom("status").exact_size(26.0).frame(bar(t.raised, 14)).show(ui, |ui| {
        status_bar::show(ui, model, commands);
    });
    // A board's console stands under the views that are about the board.
    if matches!(model.view, View::Board | View::Provision) {
        Panel::bottom("console")
            .resizable(true)
            .default_size(126.0)
            .size_range(84.0..=(ui.available_height() - LEFT_BY_CONSOLE).clamp(104.0, 420.0))
            .frame(Frame::new().fill(t.panel).inner_margin(Margin { left: 14, right: 14, top: 6, bottom: 4 }))
            .show(ui, |ui| console::show(ui, model, &mut parts.console, commands));
    }
    // What a copy of the board said stands under its story.
    let beside = model.view == View::BootLab && !views::boot_lab::is_small(ui);
    if beside {
        Panel::bottom("story console")
            .resizable(true)
            .default_size(126.0)
            .size_range(84.0..=420.0)
            .frame(Frame::new().fill(t.panel).inner_margin(Margin { left: 14, right: 14, top: 6, bottom: 4 }))
            .show(ui, |ui| views::boot_lab::console(ui, model));
    }
    Panel::left("nav")
        .resizable(false)
        .exact_size(if names == Names::Shown { 140.0 } else { 48.0 })
        .frame(Frame::new().fill(t.panel).inner_margin(Margin { left: 8, right: 8, top: 10, bottom: 8 }))
        .show(ui, |ui| {
            egui::ScrollArea::vertical().id_salt("nav").show(ui, |ui| navigation(ui, model, names, commands));
        });
    // A file is about no board, and needs the room.
    let is_file = model.view == View::Images && model.object_file.is_none();
    match model.view {
        View::BootLab if model.object_file.is_none() => {
            if beside {
                moment_panel(ui, model);
            }
        }
        // Where it has no room beside the views the Board view ends with it.
        _ if is_file || names == Names::OnHover => {}
        _ => ladder_panel(ui, model, parts, commands),
    }
    let whole = is_file && model.images.file.is_some();
    let margin = if whole { Margin::ZERO } else { Margin { left: 20, right: 20, top: 14, bottom: 8 } };
    CentralPanel::default().frame(Frame::new().fill(t.background).inner_margin(margin)).show(ui, |ui| {
        // One at a time: the newest; the ones before come up as it is closed.
        if let Some((_, error)) = model.cards.last() {
            let around = if whole { Margin { left: 18, right: 18, top: 10, bottom: 0 } } else { Margin::ZERO };
            Frame::new().inner_margin(around).show(ui, |ui| {
                card::show(ui, model, error, None, Command::CloseCard, commands);
            });
            ui.add_space(10.0);
        }
        if let Some(file) = &model.object_file {
            views::object_file::show(ui, model, file, commands);
            return;
        }
        match model.view {
            View::Board if model.doctor.open => views::doctor::show(ui, model, commands),
            View::Board => {
                let ladder = (names == Names::OnHover).then_some(&mut parts.ladder);
                views::board::show(ui, model, &mut parts.board, ladder, commands);
            }
            View::Configuration => match &model.editing {
                Some(editing) => {
                    let mut intents = Vec::new();
                    let here = model.here.as_ref();
                    views::configuration::show(
                        ui,
                        &editing.configuration,
                        here,
                        &mut parts.configuration,
                        &mut intents,
                    );
                    commands.extend(intents.into_iter().map(Command::Configuration));
                }
                None => no_project(ui, model, "Configuration", commands),
            },
            View::Keys => views::keys_sections::show(ui, model, &mut parts.keys, commands),
            View::Images => views::images::show(ui, model, &mut parts.images, commands),
            View::Debug => views::debug::show(ui, model, &mut parts.debug, commands),
            View::Provision if model.update.open => views::updating::show(ui, model, &mut parts.update, commands),
            View::Provision => views::provision::show(ui, model, &mut parts.provision, commands),
            View::BootLab => views::boot_lab::show(ui, model, &mut parts.boot_lab, commands),
        }
    });
    palette::show(ui, model, &mut parts.palette, commands);
    drop_hint(ui);
}

fn ladder_panel(ui: &mut Ui, model: &Model, parts: &mut Parts, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    Panel::right("ladder")
        .resizable(false)
        .exact_size(244.0)
        .frame(Frame::new().fill(t.panel).inner_margin(Margin { left: 12, right: 10, top: 12, bottom: 8 }))
        .show(ui, |ui| {
            egui::ScrollArea::vertical().id_salt("ladder").show(ui, |ui| {
                ladder::show(ui, model, &mut parts.ladder, commands);
            });
        });
}

/// What stands at the picked moment of a story.
fn moment_panel(ui: &mut Ui, model: &Model) {
    let t = Tokens::of(ui);
    Panel::right("moment")
        .resizable(false)
        .exact_size(250.0)
        .frame(Frame::new().fill(t.panel).inner_margin(Margin { left: 14, right: 8, top: 14, bottom: 8 }))
        .show(ui, |ui| views::boot_lab::moment(ui, model));
}

/// Whether the list of views has room for their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Shown,
    OnHover,
}

fn navigation(ui: &mut Ui, model: &Model, names: Names, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 4.0;
    let t = Tokens::of(ui);
    let views = [
        (View::Board, icons::BOARD, "Board"),
        (View::Configuration, icons::OPTIONS, "Configuration"),
        (View::Keys, icons::KEY, "Keys"),
        (View::Images, icons::FILE, "Images"),
        (View::Debug, icons::SHIELD, "Debug"),
        (View::Provision, icons::PROVISION, "Provision"),
        (View::BootLab, icons::BOOT_LAB, "Boot lab"),
    ];
    for (view, icon, name) in views {
        let command = Command::Show(view);
        let chosen = command.chosen(model);
        let color = if chosen { t.text } else { t.muted };
        let font = if chosen { theme::strong() } else { theme::body() };
        let icon = RichText::new(icon).font(theme::icon(16.0)).color(color);
        let button = match names {
            Names::Shown => egui::Button::new((icon, RichText::new(name).font(font).color(color))),
            Names::OnHover => egui::Button::new(icon),
        };
        let button = button
            .fill(if chosen { t.raised } else { t.panel })
            .stroke(egui::Stroke::NONE)
            .min_size(vec2(ui.available_width(), 30.0));
        // The button's own layout centres; a left-aligned one is what a list of views needs.
        let response = ui.with_layout(egui::Layout::top_down_justified(egui::Align::LEFT), |ui| ui.add(button)).inner;
        if chosen {
            let edge = response.rect.left();
            ui.painter().vline(edge + 0.75, response.rect.shrink2(vec2(0.0, 6.0)).y_range(), (2.0, t.accent));
        }
        focus_ring(ui, &response);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, chosen, name));
        let response = response.on_hover_text(tooltip(ui, &command));
        if response.clicked() {
            commands.push(command);
        }
    }
}

/// What a view about a project shows while none is open.
fn no_project(ui: &mut Ui, model: &Model, title: &str, commands: &mut Vec<Command>) {
    ui.label(RichText::new(title).font(theme::title()));
    ui.add_space(24.0);
    ui.vertical_centered(|ui| {
        let text =
            if model.runs(crate::model::JobKind::Project) { "Reading the project…" } else { "No project is open." };
        ui.label(muted(ui, text));
        ui.add_space(8.0);
        command_button(ui, model, Command::ChooseProject, Weight::Plain, commands);
    });
}

/// What a drop would do, while something hovers over the window.
fn drop_hint(ui: &Ui) {
    let hovered = ui.input(|input| !input.raw.hovered_files.is_empty());
    if !hovered {
        return;
    }
    let t = Tokens::of(ui);
    let rect = ui.ctx().content_rect();
    let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop")));
    painter.rect_filled(rect, 0.0, t.background.gamma_multiply(0.85));
    painter.text(
        rect.center(),
        egui::Align2::CENTER_CENTER,
        "Drop a file of any kind, or a project folder",
        theme::title(),
        t.text,
    );
}
