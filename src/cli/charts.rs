//! Plots as SVG: bars, lines and histograms, with a legend. Each is a drawing of its own that a
//! page can hold as it is.

use std::fmt::Write;

/// Room left of the plot for names or numbers, in pixels.
const LEFT: f64 = 160.0;
const PLOT_WIDTH: f64 = 640.0;
const TOP: f64 = 40.0;
/// Room under the plot for the scale and what it measures.
const BOTTOM: f64 = 50.0;

/// One row of figures with the name and the colour they have in the legend.
#[derive(Debug, Clone)]
pub struct Series {
    pub name: String,
    /// As CSS writes it.
    pub colour: &'static str,
    /// Height at each place; `None` where there is no figure.
    pub values: Vec<Option<f64>>,
}

/// Lying bars from 0 to 1, a group for each name, a bar for each series.
#[must_use]
pub fn bars(names: &[String], series: &[Series]) -> String {
    const BAR: f64 = 6.0;
    const GAP: f64 = 8.0;
    let group = BAR * count(series.len()) + GAP;
    let height = group * count(names.len());
    let mut svg = opened(height, series);
    for tenth in (0..=10).step_by(2) {
        let x = LEFT + PLOT_WIDTH * f64::from(tenth) / 10.0;
        upright(&mut svg, x, height, "#ddd");
        label(&mut svg, (x, TOP + height + 18.0), "middle", &format!("{} %", tenth * 10));
    }
    for (place, name) in names.iter().enumerate() {
        let top = TOP + group * count(place) + GAP / 2.0;
        label(&mut svg, (LEFT - 8.0, top + group / 2.0), "end", name);
        for (number, one) in series.iter().enumerate() {
            let Some(value) = one.values.get(place).copied().flatten() else { continue };
            let (y, width) = (top + BAR * count(number), PLOT_WIDTH * value);
            add(
                &mut svg,
                format_args!(
                    r#"<rect x="{LEFT}" y="{y:.1}" width="{width:.1}" height="{BAR}" fill="{}">"#,
                    one.colour
                ),
            );
            let title = escaped(&format!("{name}, {}: {:.1} %", one.name, 100.0 * value));
            add(&mut svg, format_args!("<title>{title}</title></rect>\n"));
        }
    }
    svg + "</svg>\n"
}

/// Lines from 0 to 1 over places with names, in order.
#[must_use]
pub fn lines(places: &[String], what: &str, series: &[Series]) -> String {
    const HEIGHT: f64 = 300.0;
    let mut svg = opened(HEIGHT, series);
    for tenth in (0..=10).step_by(2) {
        let share = f64::from(tenth) / 10.0;
        level(&mut svg, TOP + HEIGHT * (1.0 - share), &format!("{} %", tenth * 10));
    }
    let step = PLOT_WIDTH / count(places.len().saturating_sub(1).max(1));
    let x_at = |place: usize| LEFT + step * count(place);
    for (place, name) in places.iter().enumerate() {
        label(&mut svg, (x_at(place), TOP + HEIGHT + 18.0), "middle", name);
    }
    label(&mut svg, (LEFT + PLOT_WIDTH / 2.0, TOP + HEIGHT + 40.0), "middle", what);
    // The first is drawn last, so that no other hides it.
    for one in series.iter().rev() {
        let places = one.values.iter().enumerate();
        let points: Vec<(f64, f64)> = places
            .filter_map(|(place, value)| Some((x_at(place), TOP + HEIGHT * (1.0 - (*value)?))))
            .collect();
        curve(&mut svg, &points, one.colour);
        for (x, y) in points {
            let colour = one.colour;
            add(
                &mut svg,
                format_args!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#),
            );
        }
    }
    svg + "</svg>\n"
}

/// Shares of each series over bins of `bin` units from 0 upwards, with a mark at some unit.
#[must_use]
pub fn histogram(what: &str, bin: usize, mark: (usize, &str), series: &[Series]) -> String {
    const HEIGHT: f64 = 300.0;
    /// Bins between two numbers of the scale.
    const SCALE: usize = 8;
    let places = series.iter().map(|one| one.values.len()).max().unwrap_or(1).max(1);
    let heights = series.iter().flat_map(|one| one.values.iter().flatten().copied());
    let highest = heights.fold(0.0, f64::max);
    let mut svg = opened(HEIGHT, series);
    let x_at = |place: f64| LEFT + PLOT_WIDTH * place / count(places);
    for quarter in 0..=4 {
        let share = f64::from(quarter) / 4.0;
        let text = format!("{:.1} %", 100.0 * share * highest);
        level(&mut svg, TOP + HEIGHT * (1.0 - share), &text);
    }
    for place in (0..places).step_by(SCALE) {
        let (x, unit) = (x_at(count(place)), place * bin);
        label(&mut svg, (x, TOP + HEIGHT + 18.0), "middle", &unit.to_string());
    }
    label(&mut svg, (LEFT + PLOT_WIDTH / 2.0, TOP + HEIGHT + 40.0), "middle", what);
    let mark_x = x_at(count(mark.0) / count(bin.max(1)));
    upright(&mut svg, mark_x, HEIGHT, "#888");
    label(&mut svg, (mark_x + 6.0, TOP + 12.0), "start", mark.1);
    for one in series {
        let values = one.values.iter().enumerate();
        let height = |value: &Option<f64>| HEIGHT * value.unwrap_or(0.0) / highest.max(1e-9);
        // A bin's share stands above its middle.
        let points: Vec<(f64, f64)> = values
            .map(|(place, value)| (x_at(count(place) + 0.5), TOP + HEIGHT - height(value)))
            .collect();
        curve(&mut svg, &points, one.colour);
    }
    svg + "</svg>\n"
}

/// A curve through points from 0 to 1 each way.
#[derive(Debug, Clone)]
pub struct Curve {
    pub name: String,
    /// As CSS writes it.
    pub colour: &'static str,
    pub points: Vec<(f64, f64)>,
}

/// Curves in a square, with named marks on it.
#[must_use]
pub fn square(across: &str, up: &str, curves: &[Curve], marks: &[(f64, f64, &str)]) -> String {
    const SIDE: f64 = 400.0;
    let legend: Vec<Series> = curves
        .iter()
        .map(|it| Series { name: it.name.clone(), colour: it.colour, values: Vec::new() })
        .collect();
    let mut svg = opened(SIDE, &legend);
    let place = |x: f64, y: f64| (LEFT + SIDE * x, TOP + SIDE * (1.0 - y));
    for fifth in 0..=5 {
        let share = f64::from(fifth) / 5.0;
        let ((x, bottom), (_, y)) = (place(share, 0.0), place(0.0, share));
        upright(&mut svg, x, SIDE, "#ddd");
        label(&mut svg, (x, bottom + 18.0), "middle", &format!("{share:.1}"));
        label(&mut svg, (LEFT - 8.0, y + 4.0), "end", &format!("{share:.1}"));
        let right = LEFT + SIDE;
        add(
            &mut svg,
            format_args!(
                "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\n"
            ),
        );
    }
    label(&mut svg, (LEFT + SIDE / 2.0, TOP + SIDE + 40.0), "middle", across);
    label(&mut svg, (LEFT + SIDE + 8.0, TOP + SIDE / 2.0), "start", up);
    for Curve { colour, points, .. } in curves {
        let points: Vec<(f64, f64)> = points.iter().map(|(x, y)| place(*x, *y)).collect();
        curve(&mut svg, &points, colour);
    }
    for (x, y, name) in marks {
        let (x, y) = place(*x, *y);
        add(&mut svg, format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>\n"));
        label(&mut svg, (x + 8.0, y + 4.0), "start", name);
    }
    svg + "</svg>\n"
}

/// Escapes text for HTML and SVG.
#[must_use]
pub fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

/// Numbers of things drawn are small.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn count(things: usize) -> f64 {
    things as f64
}

fn add(svg: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = svg.write_fmt(text);
}

/// The start of a drawing whose plot is this high, with its legend.
fn opened(plot_height: f64, series: &[Series]) -> String {
    let (width, height) = (LEFT + PLOT_WIDTH + 40.0, TOP + plot_height + BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n"
    );
    let mut x = LEFT;
    for Series { name, colour, .. } in series {
        add(
            &mut svg,
            format_args!(r#"<rect x="{x}" y="12" width="12" height="12" fill="{colour}"/>"#),
        );
        label(&mut svg, (x + 18.0, 22.0), "start", name);
        // About as wide as its letters.
        x += 44.0 + 7.0 * count(name.chars().count());
    }
    svg
}

fn label(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let text = escaped(text);
    add(
        svg,
        format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n"),
    );
}

fn upright(svg: &mut String, x: f64, height: f64, colour: &str) {
    let bottom = TOP + height;
    add(
        svg,
        format_args!(
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\" stroke=\"{colour}\"/>\n"
        ),
    );
}

/// A line across, with its number at the left.
fn level(svg: &mut String, y: f64, text: &str) {
    let right = LEFT + PLOT_WIDTH;
    add(
        svg,
        format_args!(
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\n"
        ),
    );
    label(svg, (LEFT - 8.0, y + 4.0), "end", text);
}

fn curve(svg: &mut String, points: &[(f64, f64)], colour: &str) {
    let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let points = points.join(" ");
    add(
        svg,
        format_args!(
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{points}\"/>\n"
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[Option<f64>]) -> Series {
        Series { name: "a < b".into(), colour: "#123456", values: values.to_vec() }
    }

    #[test]
    fn every_plot_is_sound_xml_and_draws_what_it_was_given() {
        let names = ["one & two".to_owned(), "three".to_owned()];
        let of = [series(&[Some(0.5), None]), series(&[Some(1.0), Some(0.25)])];
        let points = vec![(0.0, 0.0), (0.2, 0.9), (1.0, 1.0)];
        let curve = Curve { name: "one".into(), colour: "#123456", points };
        let drawings = [
            bars(&names, &of),
            lines(&names, "kept", &of),
            histogram("bits", 4, (1, "31"), &of),
            square("a < b", "b", &[curve], &[(0.1, 0.4, "here & there")]),
        ];
        let expected = [("rect", 2 + 3), ("circle", 3), ("polyline", 2), ("circle", 1)];
        for (drawing, (element, count)) in drawings.iter().zip(expected) {
            let parsed = roxmltree::Document::parse(drawing).unwrap();
            let found = parsed.descendants().filter(|node| node.has_tag_name(element));
            // Of another name space: `has_tag_name` looks at the local name alone.
            assert_eq!(found.count(), count, "{drawing}");
        }
    }

    #[test]
    fn a_plot_of_nothing_is_still_a_plot() {
        let plots = [bars(&[], &[]), lines(&[], "x", &[]), histogram("x", 4, (0, "x"), &[])];
        for drawing in plots.into_iter().chain([square("x", "y", &[], &[])]) {
            roxmltree::Document::parse(&drawing).unwrap();
        }
    }
}
