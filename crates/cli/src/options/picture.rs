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

impl GraphArgs {
    /// The files to be written.
    pub fn files(&self) -> Vec<&PathBuf> {
        [&self.svg, &self.dot].into_iter().flatten().collect()
    }
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
    /// The files to be written, each with its option.
    pub fn files(&self) -> [(&'static str, &Option<PathBuf>); 3] {
        [
            ("--svg", &self.svg),
            ("--dot", &self.dot),
            ("--mermaid", &self.mermaid),
        ]
    }
}
