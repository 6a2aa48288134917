//! Design tokens of the window, dark and light, and the egui style made from them.
//!
//! The only place that names a colour, a font or a spacing; it decides nothing about content.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke, TextStyle, Theme, Visuals,
};

use crate::model::Tone;

/// Radius of buttons and fields, points.
pub const RADIUS_CONTROL: u8 = 6;
/// Radius of cards, points.
pub const RADIUS_CARD: u8 = 8;

/// One theme's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// The window's ground.
    pub background: Color32,
    /// Bars and side panels.
    pub panel: Color32,
    /// Buttons, selected rows, rungs.
    pub raised: Color32,
    /// Hairlines.
    pub stroke: Color32,
    /// The empty part of a bar.
    pub track: Color32,
    /// Text.
    pub text: Color32,
    /// Secondary text.
    pub muted: Color32,
    /// The primary button, selection, progress, OPEN.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Proved, CLOSED.
    pub ok: Color32,
    /// Careful, PROVISIONING, sample keys.
    pub warn: Color32,
    /// Failed, LOCKED.
    pub danger: Color32,
    /// The colours of regions, the same for images, objects and memories.
    pub regions: Regions,
}

/// What tells the parts of a memory or a file apart. They stand behind text, thinned by [`Tokens::tint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regions {
    /// Headers, the firmware's RAM.
    pub header: Color32,
    /// Payload, plain values, the installation slot.
    pub payload: Color32,
    /// Protected TLVs, secrets, the loader.
    pub protected_tlv: Color32,
    /// TLVs, hashes, the download slot.
    pub tlv: Color32,
    /// Fill and what nobody uses.
    pub fill: Color32,
    /// Trailers, public keys, the second stage.
    pub trailer: Color32,
}

const REGIONS: Regions = Regions {
    header: Color32::from_rgb(0x3B, 0x6F, 0xD6),
    payload: Color32::from_rgb(0x2E, 0x9E, 0x8F),
    protected_tlv: Color32::from_rgb(0x8E, 0x63, 0xD6),
    tlv: Color32::from_rgb(0xC2, 0x5F, 0xA8),
    fill: Color32::from_rgb(0x88, 0x88, 0x88),
    trailer: Color32::from_rgb(0xD6, 0x99, 0x3B),
};

const DARK: Tokens = Tokens {
    background: Color32::from_rgb(0x14, 0x17, 0x1C),
    panel: Color32::from_rgb(0x1A, 0x1E, 0x25),
    raised: Color32::from_rgb(0x22, 0x28, 0x32),
    stroke: Color32::from_rgb(0x2D, 0x34, 0x40),
    track: Color32::from_rgb(0x2A, 0x31, 0x3C),
    text: Color32::from_rgb(0xE6, 0xE9, 0xEF),
    muted: Color32::from_rgb(0x97, 0xA1, 0xB0),
    accent: Color32::from_rgb(0x5B, 0x9D, 0xFF),
    on_accent: Color32::from_rgb(0x0B, 0x12, 0x1E),
    ok: Color32::from_rgb(0x3C, 0xC8, 0xA0),
    warn: Color32::from_rgb(0xF2, 0xB4, 0x47),
    danger: Color32::from_rgb(0xFF, 0x7A, 0x59),
    regions: REGIONS,
};

const LIGHT: Tokens = Tokens {
    background: Color32::from_rgb(0xF4, 0xF6, 0xF8),
    panel: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    raised: Color32::from_rgb(0xEE, 0xF1, 0xF5),
    stroke: Color32::from_rgb(0xD8, 0xDE, 0xE6),
    track: Color32::from_rgb(0xE1, 0xE6, 0xED),
    text: Color32::from_rgb(0x1B, 0x20, 0x28),
    muted: Color32::from_rgb(0x5B, 0x66, 0x75),
    accent: Color32::from_rgb(0x1F, 0x6F, 0xEB),
    on_accent: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    ok: Color32::from_rgb(0x0B, 0x8F, 0x6A),
    warn: Color32::from_rgb(0xA9, 0x68, 0x00),
    danger: Color32::from_rgb(0xC8, 0x40, 0x1B),
    regions: REGIONS,
};

impl Tokens {
    /// The colours of the theme that `ui` is painted in.
    pub fn of(ui: &egui::Ui) -> &'static Self {
        Self::for_theme(if ui.visuals().dark_mode { Theme::Dark } else { Theme::Light })
    }

    /// The colours of a theme.
    pub const fn for_theme(theme: Theme) -> &'static Self {
        match theme {
            Theme::Dark => &DARK,
            Theme::Light => &LIGHT,
        }
    }

    /// The colour that carries a tone.
    pub const fn tone(&self, tone: Tone) -> Color32 {
        match tone {
            Tone::Neutral => self.muted,
            Tone::Accent => self.accent,
            Tone::Ok => self.ok,
            Tone::Warn => self.warn,
            Tone::Danger => self.danger,
        }
    }

    /// A tone as a wash behind text.
    pub fn wash(&self, tone: Tone) -> Color32 {
        self.tone(tone).gamma_multiply(if self.panel == LIGHT.panel { 0.13 } else { 0.20 })
    }

    /// A region's colour as it stands behind text.
    pub fn tint(region: Color32) -> Color32 {
        region.gamma_multiply(0.24)
    }

    /// The hairline.
    pub fn hairline(&self) -> Stroke {
        Stroke::new(1.0, self.stroke)
    }

    /// The frame of a quiet card: a panel with a hairline around it.
    pub fn card(&self) -> egui::Frame {
        egui::Frame::new()
            .fill(self.panel)
            .stroke(self.hairline())
            .corner_radius(RADIUS_CARD)
            .inner_margin(egui::Margin::symmetric(12, 8))
    }
}

/// The family of medium weight, for names and buttons.
pub fn medium() -> FontFamily {
    FontFamily::Name("medium".into())
}

/// The family of semibold weight, for titles.
pub fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// The outlined icons. A family of their own: Inter draws letters of its own at some of their code points.
pub fn outlined() -> FontFamily {
    FontFamily::Name("outlined".into())
}

/// The filled icons.
pub fn filled() -> FontFamily {
    FontFamily::Name("filled".into())
}

/// Text at 13 points, the size of everything that isn't said to be otherwise.
pub fn body() -> FontId {
    FontId::new(13.0, FontFamily::Proportional)
}

/// Names, buttons: 13 points medium.
pub fn strong() -> FontId {
    FontId::new(13.0, medium())
}

/// A section's title: 13 points semibold.
pub fn section() -> FontId {
    FontId::new(13.0, semibold())
}

/// A view's title: 17 points semibold.
pub fn title() -> FontId {
    FontId::new(17.0, semibold())
}

/// What stands under something else: 11 points.
pub fn small() -> FontId {
    FontId::new(11.0, FontFamily::Proportional)
}

/// Numbers, addresses and bytes: 12 points monospace.
pub fn mono() -> FontId {
    FontId::new(12.0, FontFamily::Monospace)
}

/// An icon of a given size.
pub fn icon(size: f32) -> FontId {
    FontId::new(size, outlined())
}

/// A filled icon of a given size.
pub fn icon_filled(size: f32) -> FontId {
    FontId::new(size, filled())
}

/// Installs fonts and both themes' styles.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    for theme in [Theme::Dark, Theme::Light] {
        ctx.set_visuals_of(theme, visuals(theme));
    }
    ctx.all_styles_mut(|style| {
        style.text_styles = BTreeMap::from([
            (TextStyle::Small, small()),
            (TextStyle::Body, body()),
            (TextStyle::Button, strong()),
            (TextStyle::Heading, title()),
            (TextStyle::Monospace, mono()),
        ]);
        style.spacing.item_spacing = egui::vec2(8.0, 4.0);
        style.spacing.button_padding = egui::vec2(12.0, 5.0);
        style.spacing.interact_size = egui::vec2(28.0, 20.0);
        style.spacing.menu_margin = Margin::same(6);
        style.spacing.window_margin = Margin::same(12);
        style.spacing.scroll = egui::style::ScrollStyle::thin();
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.4;
        // A blinking cursor would paint twice a second for nothing.
        style.visuals.text_cursor.blink = false;
        style.animation_time = 0.08;
    });
}

fn fonts() -> FontDefinitions {
    let mut definitions = FontDefinitions::empty();
    let mut add = |name: &str, bytes: &'static [u8]| {
        definitions.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    };
    add("inter", include_bytes!("../../assets/fonts/Inter-Regular.otf"));
    add("inter-medium", include_bytes!("../../assets/fonts/Inter-Medium.otf"));
    add("inter-semibold", include_bytes!("../../assets/fonts/Inter-SemiBold.otf"));
    add("jetbrains-mono", include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf"));
    add("phosphor", include_bytes!("../../assets/fonts/Phosphor.ttf"));
    add("phosphor-fill", include_bytes!("../../assets/fonts/Phosphor-Fill.ttf"));
    let mut family = |family: FontFamily, names: &[&str]| {
        definitions.families.insert(family, names.iter().map(|name| (*name).to_owned()).collect());
    };
    family(FontFamily::Proportional, &["inter", "jetbrains-mono"]);
    family(FontFamily::Monospace, &["jetbrains-mono", "inter"]);
    family(medium(), &["inter-medium", "jetbrains-mono"]);
    family(semibold(), &["inter-semibold", "jetbrains-mono"]);
    family(outlined(), &["phosphor"]);
    family(filled(), &["phosphor-fill"]);
    definitions
}

fn visuals(theme: Theme) -> Visuals {
    let t = Tokens::for_theme(theme);
    let mut visuals = theme.default_visuals();
    let radius = CornerRadius::same(RADIUS_CONTROL);
    visuals.panel_fill = t.background;
    visuals.window_fill = t.panel;
    visuals.window_stroke = t.hairline();
    visuals.window_corner_radius = CornerRadius::same(RADIUS_CARD);
    visuals.menu_corner_radius = CornerRadius::same(RADIUS_CARD);
    visuals.extreme_bg_color = t.background;
    visuals.text_edit_bg_color = Some(t.background);
    visuals.faint_bg_color = t.raised;
    visuals.code_bg_color = t.raised;
    visuals.warn_fg_color = t.warn;
    visuals.error_fg_color = t.danger;
    visuals.hyperlink_color = t.accent;
    visuals.weak_text_color = Some(t.muted);
    visuals.selection.bg_fill = t.accent.gamma_multiply(0.35);
    visuals.selection.stroke = Stroke::new(1.0, t.accent);
    visuals.disabled_alpha = 0.55;
    visuals.striped = false;

    let widgets = &mut visuals.widgets;
    for (state, fill, edge, text) in [
        (&mut widgets.noninteractive, t.panel, t.stroke, t.text),
        (&mut widgets.inactive, t.raised, t.stroke, t.text),
        (&mut widgets.hovered, t.raised, t.muted, t.text),
        (&mut widgets.active, t.track, t.accent, t.text),
        (&mut widgets.open, t.raised, t.accent, t.text),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::new(1.0, edge);
        state.fg_stroke = Stroke::new(1.0, text);
        state.corner_radius = radius;
        state.expansion = 0.0;
    }
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: Color32) -> f64 {
        let channel = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(color.r()) + 0.7152 * channel(color.g()) + 0.0722 * channel(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_every_surface_of_both_themes() {
        for theme in [Theme::Dark, Theme::Light] {
            let t = Tokens::for_theme(theme);
            for surface in [t.background, t.panel, t.raised] {
                for text in [t.text, t.muted] {
                    assert!(contrast(text, surface) >= 4.5, "{theme:?}: {text:?} on {surface:?}");
                }
            }
            assert!(contrast(t.on_accent, t.accent) >= 4.5, "{theme:?}: primary button");
        }
    }

    /// A translucent colour over an opaque one.
    fn over(top: Color32, ground: Color32) -> Color32 {
        let left = 255 - u16::from(top.a());
        let mix =
            |top: u8, ground: u8| u8::try_from(u16::from(top) + u16::from(ground) * left / 255).unwrap_or(u8::MAX);
        Color32::from_rgb(mix(top.r(), ground.r()), mix(top.g(), ground.g()), mix(top.b(), ground.b()))
    }

    #[test]
    fn text_can_be_read_on_every_region() {
        for theme in [Theme::Dark, Theme::Light] {
            let t = Tokens::for_theme(theme);
            let Regions { header, payload, protected_tlv, tlv, fill, trailer } = t.regions;
            for region in [header, payload, protected_tlv, tlv, fill, trailer, t.danger, t.warn] {
                for surface in [t.background, t.panel] {
                    let ground = over(Tokens::tint(region), surface);
                    assert!(contrast(t.text, ground) >= 4.5, "{theme:?}: {region:?} on {surface:?}");
                }
            }
        }
    }

    #[test]
    fn states_can_be_told_from_their_ground() {
        for theme in [Theme::Dark, Theme::Light] {
            let t = Tokens::for_theme(theme);
            for tone in [Tone::Accent, Tone::Ok, Tone::Warn, Tone::Danger] {
                // Icons and words of 13 points and more on the panel; 3:1 is the norm for graphics, ok on white is 3.9.
                assert!(contrast(t.tone(tone), t.panel) >= 3.0, "{theme:?} {tone:?}");
            }
        }
    }
}
