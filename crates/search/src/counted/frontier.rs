//! States that are still to be expanded, in the order of their discovery, where the visited set
//! does not keep them: in memory, or on disk.
//!
//! A queue of byte strings. It is written and read in chunks; full ones go to unnamed files in a
//! folder, if there is one, each of which vanishes when it has been read. So in memory there are
//! two chunks at most, the one being read and the one being written.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::rc::Rc;

/// Bytes of a chunk, and a little more: strings are not cut.
const CHUNK: usize = 1 << 20;
/// Chunks in a file.
const CHUNKS: u64 = 64;

/// The length of a string as it is written before the string.
pub(crate) fn length_of(string: &[u8]) -> io::Result<u32> {
    u32::try_from(string.len()).map_err(|_| io::Error::other("a state takes more than 4 GiB"))
}

#[derive(Debug)]
enum Chunk {
    Memory(Vec<u8>),
    Disk { file: Rc<File>, at: u64, len: usize },
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Frontier {
    /// Being read, from `read` on.
    head: Vec<u8>,
    read: usize,
    chunks: VecDeque<Chunk>,
    /// Being written.
    tail: Vec<u8>,
    folder: Option<PathBuf>,
    /// The file being written, with the chunks in it and its length.
    file: Option<(Rc<File>, u64, u64)>,
    in_memory: usize,
}

impl Frontier {
    /// One that keeps full chunks in a folder, if there is one.
    pub(crate) fn new(folder: Option<PathBuf>) -> Frontier {
        Frontier {
            folder,
            ..Frontier::default()
        }
    }

    /// Puts a string at the end.
    pub(crate) fn push(&mut self, string: &[u8]) -> io::Result<()> {
        self.tail
            .extend_from_slice(&length_of(string)?.to_le_bytes());
        self.tail.extend_from_slice(string);
        if self.tail.len() >= CHUNK {
            let full = std::mem::take(&mut self.tail);
            let chunk = self.keep(full)?;
            self.chunks.push_back(chunk);
        }
        Ok(())
    }

    fn keep(&mut self, full: Vec<u8>) -> io::Result<Chunk> {
        let Some(folder) = &self.folder else {
            self.in_memory += full.len();
            return Ok(Chunk::Memory(full));
        };
        let (file, chunks, at) = match self.file.take() {
            Some((file, chunks, at)) if chunks < CHUNKS => (file, chunks, at),
            _ => (Rc::new(tempfile::tempfile_in(folder)?), 0, 0),
        };
        (&*file).seek(SeekFrom::Start(at))?;
        (&*file).write_all(&full)?;
        let len = full.len();
        self.file = Some((Rc::clone(&file), chunks + 1, at + len as u64));
        // What was written is written into again.
        self.tail = full;
        self.tail.clear();
        Ok(Chunk::Disk { file, at, len })
    }

    /// Takes the first string off, into `string`.
    pub(crate) fn pop(&mut self, string: &mut Vec<u8>) -> io::Result<()> {
        string.clear();
        if self.read == self.head.len() {
            self.read = 0;
            match self.chunks.pop_front() {
                Some(Chunk::Memory(chunk)) => {
                    self.in_memory -= chunk.len();
                    self.head = chunk;
                }
                Some(Chunk::Disk { file, at, len }) => {
                    self.head.resize(len, 0);
                    (&*file).seek(SeekFrom::Start(at))?;
                    (&*file).read_exact(&mut self.head)?;
                }
                None => {
                    self.head.clear();
                    std::mem::swap(&mut self.head, &mut self.tail);
                }
            }
        }
        let rest = &self.head[self.read..];
        let Some((len, rest)) = rest.split_first_chunk::<4>() else {
            return Ok(());
        };
        let len = u32::from_le_bytes(*len) as usize;
        string.extend_from_slice(&rest[..len]);
        self.read += 4 + len;
        Ok(())
    }

    /// Calls `visit` on each string, in order, and takes none off.
    pub(crate) fn for_each(
        &self,
        mut visit: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut strings = |mut bytes: &[u8]| -> io::Result<()> {
            while let Some((len, rest)) = bytes.split_first_chunk::<4>() {
                let (string, rest) = rest.split_at(u32::from_le_bytes(*len) as usize);
                visit(string)?;
                bytes = rest;
            }
            Ok(())
        };
        strings(&self.head[self.read..])?;
        let mut read = Vec::new();
        for chunk in &self.chunks {
            match chunk {
                Chunk::Memory(chunk) => strings(chunk)?,
                Chunk::Disk { file, at, len } => {
                    read.resize(*len, 0);
                    (&**file).seek(SeekFrom::Start(*at))?;
                    (&**file).read_exact(&mut read)?;
                    strings(&read)?;
                }
            }
        }
        strings(&self.tail)
    }

    /// Bytes in memory.
    pub(crate) fn memory(&self) -> u64 {
        (self.head.capacity() + self.tail.capacity() + self.in_memory) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strings of many lengths, pushed and popped in turns that leave several chunks in between.
    #[test]
    fn a_queue_in_memory_and_on_disk() {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        for folder in [None, Some(folder.path().to_path_buf())] {
            let mut frontier = Frontier::new(folder);
            let string = |i: usize| vec![i.to_le_bytes()[0]; i % 5_000];
            let (mut pushed, mut popped, mut found) = (0, 0, Vec::new());
            while popped < 3_000 {
                for _ in 0..3 {
                    if pushed < 3_000 {
                        frontier.push(&string(pushed)).expect("it is written");
                        pushed += 1;
                    }
                }
                if popped == 1_000 {
                    let mut next = popped;
                    let seen = frontier.for_each(|found| {
                        assert_eq!(found, string(next));
                        next += 1;
                        Ok(())
                    });
                    seen.expect("it is read");
                    assert_eq!(next, pushed);
                }
                frontier.pop(&mut found).expect("it is read");
                assert_eq!(found, string(popped));
                popped += 1;
            }
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let mut frontier = Frontier::new(Some(folder.path().join("missing")));
        let big = vec![0; CHUNK];
        assert!(frontier.push(&big).is_err());
    }
}
