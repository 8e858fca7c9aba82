//! Tables without lines: what `ps`, `hosts` and `version` print.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, ContentArrangement, Table};

use super::shown::one_line;

/// Blanks between two columns.
const GAP: u16 = 2;

/// A table with its headers in capitals, columns as wide as their widest cell, nothing cut off:
/// what is printed may be read by another program. Ends with a line break.
pub fn render(headers: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headers.iter().map(|header| header.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| Cell::new(one_line(cell))));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().copied().map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_two_blanks_apart() {
        let rows = [row(&["web1", "shop.web", "running"]), row(&["apps10", "shop.app", ""])];
        insta::assert_snapshot!(render(&["host", "container", "status"], &rows), @"
        HOST    CONTAINER  STATUS
        web1    shop.web   running
        apps10  shop.app
        ");
    }

    #[test]
    fn cells_stay_in_their_line() {
        let rows = [row(&["a\nb", "日本"]), row(&["c", "d"])];
        insta::assert_snapshot!(render(&["first", "second"], &rows), @r"
        FIRST  SECOND
        a\nb   日本
        c      d
        ");
    }

    #[test]
    fn without_rows_the_headers_stand_alone() {
        assert_eq!(render(&["host", "version"], &[]), "HOST  VERSION\n");
    }
}
