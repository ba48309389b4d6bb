//! What a task decides for itself: branches of `choose`, which free page comes, which of several
//! mappings is taken.
//!
//! loom branches on schedules only, so these are explored around it: a policy fixes the answer to
//! each task's k-th question, and loom explores every interleaving under that policy. The policies
//! are a tree, walked depth first: questions that a run asks and the policy does not answer yet are
//! answered 0 in that run and appended to the policy afterwards, with the largest number of
//! possibilities seen; then the last answer that can grow does, and the ones behind it are dropped.
//!
//! Complete: take any execution. On the path of the tree that gives its answers to the questions
//! appended so far, loom meets the part of it before its first question that is not appended; so
//! that question is appended, with at least as many possibilities. Hence the path leads to a policy
//! that answers all of the execution's questions as it does.

use rustc_hash::FxHashMap;

use crate::tasks::TaskId;

/// A question: which task, and how many it has asked before.
pub(crate) type Question = (TaskId, usize);

/// The answers in force; 0 where there is none.
pub(crate) type Policy = FxHashMap<Question, usize>;

/// The questions that came up, with the largest number of possibilities.
pub(crate) type Asked = FxHashMap<Question, usize>;

/// The tree of policies.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    path: Vec<(Question, usize, usize)>,
}

impl Tree {
    /// The policy to run.
    pub(crate) fn policy(&self) -> Policy {
        self.path
            .iter()
            .map(|&(question, answer, _)| (question, answer))
            .collect()
    }

    /// Goes on to the next policy after a complete run with this one; false if there is none.
    pub(crate) fn advance(&mut self, asked: &Asked) -> bool {
        for (question, _, arity) in &mut self.path {
            *arity = (*arity).max(asked.get(question).copied().unwrap_or(1));
        }
        let mut new: Vec<(Question, usize)> = asked
            .iter()
            .filter(|(question, _)| !self.path.iter().any(|(known, _, _)| known == *question))
            .map(|(&question, &arity)| (question, arity))
            .collect();
        new.sort_unstable();
        self.path.extend(
            new.into_iter()
                .map(|(question, arity)| (question, 0, arity)),
        );
        while let Some((_, answer, arity)) = self.path.last_mut() {
            if *answer + 1 < *arity {
                *answer += 1;
                return true;
            }
            self.path.pop();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_of_answers_is_a_policy() {
        // Task 0 asks one of two; if it answers 1, also one of three. Task 1 asks one of two.
        let mut tree = Tree::default();
        let mut seen = Vec::new();
        loop {
            let policy = tree.policy();
            let answer = |question| policy.get(&question).copied().unwrap_or(0);
            let mut asked = Asked::default();
            asked.insert((0, 0), 2);
            asked.insert((1, 0), 2);
            let mut run = vec![answer((0, 0)), answer((1, 0))];
            if run[0] == 1 {
                asked.insert((0, 1), 3);
                run.push(answer((0, 1)));
            }
            seen.push(run);
            if !tree.advance(&asked) {
                break;
            }
        }
        seen.sort();
        seen.dedup();
        // 0 with either answer of task 1; 1 with either and each of three.
        assert_eq!(seen.len(), 2 + 2 * 3);
    }
}
