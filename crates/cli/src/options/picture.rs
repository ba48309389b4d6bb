//! Options for pictures.

use std::path::PathBuf;

use clap::Args;

/// Pictures of graphs.
#[derive(Debug, Clone, Default, Args)]
pub struct GraphArgs {
    /// Draw the graph as an SVG picture in this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write the graph in the DOT language, for Graphviz, to this file
    #[arg(long, value_name = "FILE")]
    pub dot: Option<PathBuf>,
}

/// Pictures of a finding.
#[derive(Debug, Clone, Default, Args)]
pub struct PictureArgs {
    /// Draw who waits for whom at the deadlock as an SVG picture in this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write who waits for whom at the deadlock in the DOT language, for Graphviz, to this file
    #[arg(long, value_name = "FILE")]
    pub dot: Option<PathBuf>,
    /// Write the trace as a Mermaid sequence diagram to this file
    #[arg(long, value_name = "FILE")]
    pub mermaid: Option<PathBuf>,
}

impl PictureArgs {
    /// The files to be written.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.svg, &self.dot, &self.mermaid].into_iter().flatten()
    }

    /// Whether any is asked for.
    pub fn any(&self) -> bool {
        self.svg.is_some() || self.dot.is_some() || self.mermaid.is_some()
    }
}
