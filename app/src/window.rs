//! Opens the window: first renderer, second renderer when the first finds no driver, and a readable word when none does.

use std::sync::Arc;

use eframe::{NativeOptions, Renderer};
use egui::ViewportBuilder;
use stirot_studio::app::Studio;
use stirot_studio::cli::{Failure, RendererChoice, WindowArguments};
use stirot_studio::start::Start;

/// Name under which desktops know the window.
const APP_ID: &str = "stirot-studio";

/// Opens the window and returns when it is closed.
pub(crate) fn open(arguments: WindowArguments) -> Result<(), Failure> {
    let order = match arguments.renderer {
        Some(RendererChoice::Glow) => vec![Renderer::Glow],
        Some(RendererChoice::Wgpu) => vec![Renderer::Wgpu],
        // OpenGL is the cheaper one without a graphics card; remote desktops on Windows have none that is new enough.
        None if cfg!(target_os = "linux") => vec![Renderer::Glow, Renderer::Wgpu],
        None => vec![Renderer::Wgpu, Renderer::Glow],
    };
    let mut reasons = Vec::new();
    for renderer in order {
        let arguments = arguments.clone();
        let options = NativeOptions { renderer, viewport: viewport(), ..NativeOptions::default() };
        let creator: eframe::AppCreator<'_> = Box::new(move |context| {
            let data = project::data_folder::data_folder();
            let theme = arguments.theme.map(Into::into);
            let start = Start::new(data, arguments.project, arguments.board, theme);
            Ok(Box::new(Studio::new(&context.egui_ctx, start)))
        });
        match eframe::run_native(APP_ID, options, creator) {
            Ok(()) => return Ok(()),
            Err(error) => {
                log::warn!("{renderer} gave no window: {error}");
                reasons.push(format!("{renderer}: {error}"));
            }
        }
    }
    Err(Failure::new("the window can't be opened")
        .help(
            "A display and a graphics driver are needed; software ones will do. On Debian and Ubuntu: apt install libgl1 \
             libegl1 libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0. Without a display, the same work is done \
             by commands: see `stirot-studio --help`.",
        )
        .because(reasons.join("\n")))
}

fn viewport() -> ViewportBuilder {
    let viewport = ViewportBuilder::default()
        .with_title("STiRoT Studio")
        .with_app_id(APP_ID)
        .with_inner_size([1366.0, 768.0])
        .with_min_inner_size([1024.0, 600.0])
        .with_clamp_size_to_monitor_size(true);
    match eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icons/stirot-studio.png")) {
        Ok(icon) => viewport.with_icon(Arc::new(icon)),
        Err(error) => {
            log::warn!("the window's icon can't be read: {error}");
            viewport
        }
    }
}
