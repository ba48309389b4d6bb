//! What tables are drawn on.

use svg::Document;
use svg::node::element::Rectangle;

/// A white picture of that size.
pub fn canvas(width: usize, height: usize) -> Document {
    Document::new()
        .set("viewBox", (0, 0, width, height))
        .set("width", width)
        .set("height", height)
        .set("font-family", "sans-serif")
        .set("font-size", 12)
        .add(
            Rectangle::new()
                .set("width", width)
                .set("height", height)
                .set("fill", "white"),
        )
}
