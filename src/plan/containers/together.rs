//! Containers that are replaced as one.

use std::collections::BTreeSet;

use super::super::ReplacementId;
use super::Work;

pub(super) fn members<'w, 'a>(
    works: &'w [Work<'a>],
    replacement: ReplacementId,
) -> impl Iterator<Item = &'w Work<'a>> {
    works.iter().filter(move |work| work.replacement == Some(replacement))
}

/// Members of a replacement, those before the ones they refer to now.
pub(super) fn stop_order(works: &[Work<'_>], replacement: ReplacementId) -> Vec<usize> {
    fn visit(works: &[Work<'_>], index: usize, order: &mut Vec<usize>, visited: &mut BTreeSet<usize>) {
        if !visited.insert(index) {
            return;
        }
        for (other, work) in works.iter().enumerate() {
            if work.replacement == works[index].replacement && work.serves_tied_to(&works[index]) {
                visit(works, other, order, visited);
            }
        }
        order.push(index);
    }
    let (mut order, mut visited) = (Vec::new(), BTreeSet::new());
    for index in (0..works.len()).rev().filter(|index| works[*index].replacement == Some(replacement)) {
        visit(works, index, &mut order, &mut visited);
    }
    order
}
